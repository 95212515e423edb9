/**
 * A list of any length of which only what is looked at is in the page.
 *
 * Items are numbered 1 to `total` without holes. Those from `first` to `last` are elements; two spaces stand for
 * the rest, as high as those are likely to be. Whatever changes, what the reader looks at stays where it is.
 */

import { h } from "./dom.js";

/** Elements at the most, and how many are added at a time. */
const MOST = 150;
const STEP = 40;
/** Pixels beyond the edge of the screen that are kept filled. */
const MARGIN = 1200;
/** Pixels of an item nobody has measured, and of both spaces at the most: browsers draw no higher. */
const GUESS = 56;
const SPACE = 4_000_000;
/** Pixels from the end within which one counts as being at the end. */
const AT_END = 48;

export class Window {
    /**
     * @param {{make: (n: number) => HTMLElement, patch: (element: HTMLElement, n: number) => void,
     *     looking: (first: number, last: number) => void, moved: () => void, label: string}} told
     * @param {...HTMLElement} after what stands behind the last item
     */
    constructor(told, ...after) {
        this.told = told;
        this.total = 0;
        this.first = 1;
        this.last = 0;
        this.above = h("div", { class: "space" });
        this.items = h("ol", { class: "messages plain-list", "aria-label": told.label });
        this.below = h("div", { class: "space" });
        this.box = h("div", { class: "thread-scroll", onscroll: () => this.scrolled() }, this.above, this.items, this.below, ...after);
        /** @private */ this.stuck = true;
        /** @private */ this.spaces = { above: 0, below: 0 };
        // A keyboard on a phone, a picture of a message that grew: at the end one stays at the end.
        this.watcher = new ResizeObserver(() => this.stuck && this.toEnd());
        this.watcher.observe(this.box);
        for (const element of after) this.watcher.observe(element);
    }

    /** Whether one looks at the last item, or nearly. @private */
    get near() {
        const { scrollHeight, scrollTop, clientHeight } = this.box;
        return this.last === this.total && scrollHeight - scrollTop - clientHeight < AT_END;
    }

    /** Whether the end is in sight. */
    get atEnd() {
        return this.stuck && this.last === this.total;
    }

    /** There are `total` items, or something about them has changed. @param {number} total */
    update(total) {
        const grew = this.last === this.total && total > this.total;
        const fresh = this.total === 0 && total > 0;
        this.total = total;
        if (fresh) return this.show(total, "end");
        this.keeping(() => {
            if (grew) this.set(this.first, Math.min(total, this.last + STEP));
            else this.set(Math.min(this.first, Math.max(1, total)), Math.min(this.last, total));
        });
        if (grew && this.last < total && this.stuck) this.show(total, "end");
    }

    /** Bring item `n` into sight. @param {number} n @param {"end" | "start" | "center"} place */
    show(n, place) {
        const first = Math.max(1, Math.min(n, this.total) - Math.floor(MOST / 2));
        this.set(first, Math.min(this.total, first + MOST - 1));
        this.guess();
        this.stuck = place === "end";
        if (this.stuck) this.toEnd();
        else this.element(n)?.scrollIntoView({ block: place });
        this.stuck = this.near;
        this.told.looking(this.first, this.last);
        this.told.moved();
    }

    toEnd() {
        this.box.scrollTop = this.box.scrollHeight;
    }

    /** @param {number} n */
    element(n) {
        return /** @type {HTMLElement | undefined} */ (this.items.children[n - this.first]);
    }

    /** The number of the topmost item in sight; 0: none. */
    get topmost() {
        const edge = this.box.getBoundingClientRect().top + 8;
        let [low, high] = [this.first, this.last];
        while (low < high) {
            const middle = Math.floor((low + high) / 2);
            const bottom = this.element(middle)?.getBoundingClientRect().bottom ?? 0;
            if (bottom > edge) high = middle;
            else low = middle + 1;
        }
        return this.last >= this.first ? low : 0;
    }

    stop() {
        this.watcher.disconnect();
    }

    /** @private */
    scrolled() {
        const { box, items } = this;
        this.stuck = this.near;
        const over = box.scrollTop - items.offsetTop;
        const under = items.offsetTop + items.offsetHeight - box.scrollTop - box.clientHeight;
        if (over < -box.clientHeight || under < -box.clientHeight) this.leap();
        else if (over < MARGIN && this.first > 1) this.grow(-STEP);
        else if (under < MARGIN && this.last < this.total) this.grow(STEP);
        this.told.moved();
    }

    /** The reader dragged the bar into a space: show what stands there. @private */
    leap() {
        const { box, items, spaces, total } = this;
        const at = box.scrollTop;
        const n =
            at < items.offsetTop
                ? Math.ceil((at / Math.max(1, spaces.above)) * (this.first - 1))
                : this.last + Math.ceil(((at - items.offsetTop - items.offsetHeight) / Math.max(1, spaces.below)) * (total - this.last));
        const target = Math.min(total, Math.max(1, n));
        const first = Math.max(1, Math.min(target - STEP, total - MOST + 1));
        this.set(first, Math.min(total, first + MOST - 1));
        this.guess();
        const inside = (this.element(target)?.offsetTop ?? 0) - items.offsetTop;
        this.space("above", this.first > 1 ? Math.max(GUESS, at - inside) : 0);
        box.scrollTop = items.offsetTop + inside;
        this.told.looking(this.first, this.last);
    }

    /** @private @param {number} by */
    grow(by) {
        const before = { first: this.first, height: this.items.offsetHeight };
        this.keeping(() => {
            const first = by < 0 ? Math.max(1, this.first + by) : this.first;
            const last = by > 0 ? Math.min(this.total, this.last + by) : this.last;
            // Added on one side first, so that the height of what is added can be taken from the space there.
            this.set(first, last);
            const added = this.items.offsetHeight - before.height;
            this.space(by < 0 ? "above" : "below", this.spaces[by < 0 ? "above" : "below"] - added);
            const surplus = last - first + 1 - MOST;
            if (surplus > 0) {
                const whole = this.items.offsetHeight;
                this.set(by > 0 ? first + surplus : first, by < 0 ? last - surplus : last);
                const side = by > 0 ? "above" : "below";
                this.space(side, this.spaces[side] + whole - this.items.offsetHeight);
            }
            this.settle();
        });
        this.told.looking(this.first, this.last);
    }

    /** Make the elements those from `first` to `last`. @private @param {number} first @param {number} last */
    set(first, last) {
        const { items } = this;
        if (first > this.last || last < this.first) items.replaceChildren();
        else {
            for (let n = this.first; n < first; n += 1) items.firstElementChild?.remove();
            for (let n = this.last; n > last; n -= 1) items.lastElementChild?.remove();
        }
        const empty = items.childElementCount === 0;
        const [from, to] = empty ? [first, first - 1] : [Math.max(first, this.first), Math.min(last, this.last)];
        const front = [];
        for (let n = first; n < from; n += 1) front.push(this.told.make(n));
        items.prepend(...front);
        const back = [];
        for (let n = to + 1; n <= last; n += 1) back.push(this.told.make(n));
        items.append(...back);
        this.first = first;
        this.last = last;
        for (let n = first; n <= last; n += 1) this.told.patch(/** @type {HTMLElement} */ (items.children[n - first]), n);
        if (this.first === 1) this.space("above", 0);
        if (this.last === this.total) this.space("below", 0);
    }

    /** Spaces as high as what they stand for is likely to be. @private */
    guess() {
        const each = this.items.childElementCount > 0 ? this.items.offsetHeight / this.items.childElementCount : GUESS;
        const [before, after] = [this.first - 1, this.total - this.last];
        const scale = Math.min(1, SPACE / (each * Math.max(1, before + after)));
        this.space("above", before * each * scale);
        this.space("below", after * each * scale);
    }

    /** A space that has run out, while there is something left behind it, is guessed anew. @private */
    settle() {
        const wrong = (/** @type {number} */ count, /** @type {number} */ height) => (count > 0 ? height < count * 4 || height < GUESS : height !== 0);
        if (wrong(this.first - 1, this.spaces.above) || wrong(this.total - this.last, this.spaces.below)) this.guess();
    }

    /** @private @param {"above" | "below"} side @param {number} height */
    space(side, height) {
        const pixels = Math.max(0, Math.round(height));
        if (this.spaces[side] === pixels) return;
        this.spaces[side] = pixels;
        this[side].style.height = `${pixels}px`;
    }

    /** Change something, and leave what the reader looks at where it is. @private @param {() => void} change */
    keeping(change) {
        const { box, stuck } = this;
        const anchor = stuck ? undefined : this.element(this.topmost);
        const before = anchor?.getBoundingClientRect().top ?? 0;
        change();
        if (stuck && this.last === this.total) this.toEnd();
        else if (anchor?.isConnected) {
            const moved = anchor.getBoundingClientRect().top - before;
            if (Math.abs(moved) > 0.5) box.scrollTop += moved;
        }
    }
}
