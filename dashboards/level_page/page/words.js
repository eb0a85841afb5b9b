// What the page says, in English and Chinese.

const WORDS = {
  en: {
    asked: (about) => `${about}: in which of these is it still good enough?`,
    photo: "the photo",
    hint: "Click every picture in which it is, or press its number; none is an answer too.",
    count: (number, most) => `question ${number} of at most ${most}`,
    none: "none is good enough", some: (count) => (count === 1 ? "this one is good enough" : `these ${count} are good enough`),
    enough: "good enough", not: "not enough",
    done: "That is enough: the terminal says what is required now. You may close this page.",
    away: "the program behind this page has ended; what you answered is kept",
    picture: (number) => `picture ${number}`,
  },
  zh: {
    asked: (about) => `${about}：哪几张里它还够好？`,
    photo: "参考照片",
    hint: "点出每一张够好的图，或按它的数字键；一张都不选也是回答。",
    count: (number, most) => `第 ${number} 题，最多 ${most} 题`,
    none: "都不够好", some: (count) => `这 ${count} 张够好`,
    enough: "够好", not: "不够",
    done: "够了：终端里写着现在的要求。可以关闭此页。",
    away: "此页面背后的程序已结束；已回答的都保存了",
    picture: (number) => `图 ${number}`,
  },
};

const language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
export const words = WORDS[language];

/** Writes the words where the page names them. */
export function label() {
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = words[place.dataset.word];
}
