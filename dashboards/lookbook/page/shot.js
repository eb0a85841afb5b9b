// A frame whose image changes: the new one takes its place without moving anything.

function showShot(figure, trial, alt) {
  const image = figure.querySelector("img");
  [image.width, image.height] = trial.size;
  image.alt = alt;
  image.loading = "eager";
  if (image.getAttribute("src") !== trial.image) image.setAttribute("src", trial.image);
  figure.querySelector(".frame").classList.toggle("bare", trial.bare);
}

function writeCaption(figure, sentence) {
  figure.querySelector(".caption").textContent = sentence;
}
