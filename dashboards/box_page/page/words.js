// What the page says, in English and Chinese.

const WORDS = {
  en: {
    thing: "the thing", wearer: "its wearer", nobody: "nobody wears it here", skip: "leave this photo out",
    whole: "whole photo", again: "as before", clear: "delete", undo: "undo", before: "back", next: "next",
    keys: "Drag to draw; drag an edge, a corner or the inside to change. Arrows move the box, Shift and arrows size it, Esc cancels a drag.",
    kept: "Kept after each box in",
    drawThing: "Drag a box around the thing: all of it, closely.",
    drawWearer: "Now around the whole person who wears it, head to feet. Nobody in the photo? N.",
    done: "Both are there. Enter: the next photo.",
    alone: "Nobody wears it here: it is trained without a wearer.",
    leftOut: "This photo is left out. S takes it back.",
    outside: "The thing is not all inside its wearer's box; is that right?",
    close: "This is nearly the whole photo: nothing tells where the thing is.",
    allDone: "All photos are done. Ctrl-C in the terminal ends; then `huanhua prepare`.",
    count: (at, all, done, out) => `photo ${at} of ${all} · ${done} done${out ? ` · ${out} left out` : ""}`,
    saved: "saved", saving: "saving …", away: "not saved: the program behind this page has ended",
    pixels: (width, height) => `${width} × ${height} px`, none: "none yet",
  },
  zh: {
    thing: "物件", wearer: "穿戴者", nobody: "照片里没有人穿戴它", skip: "不用这张照片",
    whole: "整张照片", again: "同上一张", clear: "删除", undo: "撤销", before: "上一张", next: "下一张",
    keys: "拖动画框；拖动边、角或框内可修改。方向键移动框，Shift 加方向键改变大小，Esc 取消拖动。",
    kept: "每画一框即存入",
    drawThing: "沿物件边缘拖出一个框：要完整，要贴近。",
    drawWearer: "再框住穿戴它的整个人，从头到脚。照片里没有人？按 N。",
    done: "两个框都有了。按 Enter 到下一张。",
    alone: "这里没有人穿戴它：训练时没有穿戴者的图。",
    leftOut: "不用这张照片。再按 S 可取回。",
    outside: "物件有一部分在穿戴者的框外，对吗？",
    close: "这几乎是整张照片：看不出物件在哪里。",
    allDone: "全部照片都好了。在终端按 Ctrl-C 结束，然后运行 `huanhua prepare`。",
    count: (at, all, done, out) => `第 ${at} 张，共 ${all} 张 · 完成 ${done}${out ? ` · 不用 ${out}` : ""}`,
    saved: "已保存", saving: "正在保存…", away: "未保存：此页面背后的程序已结束",
    pixels: (width, height) => `${width} × ${height} 像素`, none: "还没有",
  },
};

const language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
export const words = WORDS[language];

/** Writes the words where the page names them. */
export function label() {
  document.documentElement.lang = language;
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = words[place.dataset.word];
}
