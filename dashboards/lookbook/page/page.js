// Wires every seed of the page to its data. A seed's room and plot are made when it comes near the screen.

function openSeed(article, story) {
  const room = new FittingRoom(article.querySelector(".fitting"), story);
  const trade = article.querySelector(".trade");
  new TradeOffs(trade, story, (trial) => room.moveTo(trial.at));
}

function openBook() {
  const { seeds, words } = JSON.parse(document.getElementById("book").textContent);
  said.words = words;
  const waiting = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      waiting.unobserve(target);
      openSeed(target, seeds.find((story) => String(story.seed) === target.dataset.seed));
    }
  }, { rootMargin: "600px" });
  for (const article of document.querySelectorAll("article.seed")) waiting.observe(article);
  for (const ladders of document.querySelectorAll(".ladders")) askFrom(ladders);
}

openBook();
