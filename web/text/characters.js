const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}|[#*0-9]\ufe0f?\u20e3|\u200d|\ufe0f|\s)+$/u;
const segments = new Intl.Segmenter();
/** Up to this many emoji are shown large. */
const MAX_BIG = 3;

/** The length in code points, as the server counts. @param {string} text */
export function length(text) {
    let count = 0;
    for (const _ of text) count += 1;
    return count;
}

/** Whether a text is one to three emoji only. @param {string} text */
export function isBigEmoji(text) {
    if (text.length > 60 || !EMOJI_ONLY.test(text)) return false;
    const signs = [...segments.segment(text.replace(/\s/g, ""))].length;
    return signs >= 1 && signs <= MAX_BIG;
}

/** The initials of a name's first and last word. @param {string} name */
export function initials(name) {
    const words = name.split(/[\s._:-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
    const letters = [words[0], words.length > 1 ? words[words.length - 1] : ""].map((word) => first(word ?? ""));
    return letters.join("").toLocaleUpperCase() || "?";
}

/** @param {string} word */
function first(word) {
    return [...segments.segment(word)].find(({ segment }) => /[\p{L}\p{N}]/u.test(segment))?.segment ?? "";
}

/** A stable colour index below `count` for an id. @param {string} id @param {number} count */
export function hue(id, count) {
    let hash = 0x811c9dc5; // FNV-1a: similar ids get different colours.
    for (const sign of id) hash = Math.imul(hash ^ (sign.codePointAt(0) ?? 0), 0x01000193);
    return ((hash ^ (hash >>> 15)) >>> 0) % count;
}
