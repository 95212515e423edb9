/**
 * A list of any length of which only what is looked at is in the page.
 *
 * Items are numbered 1 to `total` without holes. Those from `first` to `last` are elements; two spacers stand for
 * the rest, as high as those are likely to be. Whatever changes, what the reader looks at stays where it is.
 */

import { h } from "./dom.js";

/** Elements at the most, and how many are added at a time. */
const MAX_ITEMS = 150;
const STEP = 40;
/** Pixels beyond the edge of the screen that are kept filled. */
const MARGIN = 1200;
/** Pixels of an item nobody has measured, and of both spacers at the most: browsers draw no higher. */
const ESTIMATED_HEIGHT = 56;
const MAX_SPACER = 4_000_000;
/** Pixels from the end within which one counts as being at the end. */
const END_TOLERANCE = 48;

export class MessageWindow {
    /**
     * @param {{create: (n: number) => HTMLElement, patch: (element: HTMLElement, n: number) => void,
     *     onVisible: (first: number, last: number) => void, onScroll: () => void, label: string}} callbacks
     * @param {...HTMLElement} after what stands behind the last item
     */
    constructor(callbacks, ...after) {
        this.callbacks = callbacks;
        this.total = 0;
        this.first = 1;
        this.last = 0;
        this.spacers = { above: h("div"), below: h("div") };
        this.items = h("ol", { class: "messages plain-list", "aria-label": callbacks.label });
        this.box = h("div", { class: "thread-scroll", onscroll: () => this.onBoxScroll() }, this.spacers.above, this.items, this.spacers.below, ...after);
        /** @private */ this.pinned = true;
        /** @private */ this.heights = { above: 0, below: 0 };
        // A keyboard on a phone, a picture of a message that grew: at the end one stays at the end.
        this.resizeObserver = new ResizeObserver(() => this.pinned && this.toEnd());
        this.resizeObserver.observe(this.box);
        for (const element of after) this.resizeObserver.observe(element);
    }

    /** Whether one looks at the last item, or nearly. @private */
    get isNearEnd() {
        const { scrollHeight, scrollTop, clientHeight } = this.box;
        return this.last === this.total && scrollHeight - scrollTop - clientHeight < END_TOLERANCE;
    }

    /** Whether the end is in sight. */
    get atEnd() {
        return this.pinned && this.last === this.total;
    }

    /** There are `total` items, or something about them has changed. @param {number} total */
    update(total) {
        const grew = this.last === this.total && total > this.total;
        const fresh = this.total === 0 && total > 0;
        this.total = total;
        if (fresh) return this.show(total, "end");
        this.keepAnchor(() => {
            if (grew) this.render(this.first, Math.min(total, this.last + STEP));
            else this.render(Math.min(this.first, Math.max(1, total)), Math.min(this.last, total));
        });
        if (grew && this.last < total && this.pinned) this.show(total, "end");
    }

    /** Bring item `n` into sight. @param {number} n @param {"end" | "start" | "center"} place */
    show(n, place) {
        const first = Math.max(1, Math.min(n, this.total) - Math.floor(MAX_ITEMS / 2));
        this.render(first, Math.min(this.total, first + MAX_ITEMS - 1));
        this.estimateSpacers();
        this.pinned = place === "end";
        if (this.pinned) this.toEnd();
        else this.element(n)?.scrollIntoView({ block: place });
        this.pinned = this.isNearEnd;
        this.callbacks.onVisible(this.first, this.last);
        this.callbacks.onScroll();
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
        this.resizeObserver.disconnect();
    }

    /** @private */
    onBoxScroll() {
        const { box, items } = this;
        this.pinned = this.isNearEnd;
        const over = box.scrollTop - items.offsetTop;
        const under = items.offsetTop + items.offsetHeight - box.scrollTop - box.clientHeight;
        if (over < -box.clientHeight || under < -box.clientHeight) this.jumpTo();
        else if (over < MARGIN && this.first > 1) this.extend(-STEP);
        else if (under < MARGIN && this.last < this.total) this.extend(STEP);
        this.callbacks.onScroll();
    }

    /** The reader dragged the bar into a space: show what stands there. @private */
    jumpTo() {
        const { box, items, heights, total } = this;
        const at = box.scrollTop;
        const n =
            at < items.offsetTop
                ? Math.ceil((at / Math.max(1, heights.above)) * (this.first - 1))
                : this.last + Math.ceil(((at - items.offsetTop - items.offsetHeight) / Math.max(1, heights.below)) * (total - this.last));
        const target = Math.min(total, Math.max(1, n));
        const first = Math.max(1, Math.min(target - STEP, total - MAX_ITEMS + 1));
        this.render(first, Math.min(total, first + MAX_ITEMS - 1));
        this.estimateSpacers();
        const inside = (this.element(target)?.offsetTop ?? 0) - items.offsetTop;
        this.setSpacer("above", this.first > 1 ? Math.max(ESTIMATED_HEIGHT, at - inside) : 0);
        box.scrollTop = items.offsetTop + inside;
        this.callbacks.onVisible(this.first, this.last);
    }

    /** @private @param {number} by */
    extend(by) {
        const before = { first: this.first, height: this.items.offsetHeight };
        this.keepAnchor(() => {
            const first = by < 0 ? Math.max(1, this.first + by) : this.first;
            const last = by > 0 ? Math.min(this.total, this.last + by) : this.last;
            // Added on one side first, so that the height of what is added can be taken from the space there.
            this.render(first, last);
            const added = this.items.offsetHeight - before.height;
            this.setSpacer(by < 0 ? "above" : "below", this.heights[by < 0 ? "above" : "below"] - added);
            const surplus = last - first + 1 - MAX_ITEMS;
            if (surplus > 0) {
                const whole = this.items.offsetHeight;
                this.render(by > 0 ? first + surplus : first, by < 0 ? last - surplus : last);
                const side = by > 0 ? "above" : "below";
                this.setSpacer(side, this.heights[side] + whole - this.items.offsetHeight);
            }
            this.correctSpacers();
        });
        this.callbacks.onVisible(this.first, this.last);
    }

    /** Make the elements those from `first` to `last`. @private @param {number} first @param {number} last */
    render(first, last) {
        const { items } = this;
        if (first > this.last || last < this.first) items.replaceChildren();
        else {
            for (let n = this.first; n < first; n += 1) items.firstElementChild?.remove();
            for (let n = this.last; n > last; n -= 1) items.lastElementChild?.remove();
        }
        const empty = items.childElementCount === 0;
        const [from, to] = empty ? [first, first - 1] : [Math.max(first, this.first), Math.min(last, this.last)];
        const front = [];
        for (let n = first; n < from; n += 1) front.push(this.callbacks.create(n));
        items.prepend(...front);
        const back = [];
        for (let n = to + 1; n <= last; n += 1) back.push(this.callbacks.create(n));
        items.append(...back);
        this.first = first;
        this.last = last;
        for (let n = first; n <= last; n += 1) this.callbacks.patch(/** @type {HTMLElement} */ (items.children[n - first]), n);
        if (this.first === 1) this.setSpacer("above", 0);
        if (this.last === this.total) this.setSpacer("below", 0);
    }

    /** Spaces as high as what they stand for is likely to be. @private */
    estimateSpacers() {
        const each = this.items.childElementCount > 0 ? this.items.offsetHeight / this.items.childElementCount : ESTIMATED_HEIGHT;
        const [before, after] = [this.first - 1, this.total - this.last];
        const scale = Math.min(1, MAX_SPACER / (each * Math.max(1, before + after)));
        this.setSpacer("above", before * each * scale);
        this.setSpacer("below", after * each * scale);
    }

    /** A space that has run out, while there is something left behind it, is guessed anew. @private */
    correctSpacers() {
        const wrong = (/** @type {number} */ count, /** @type {number} */ height) => (count > 0 ? height < count * 4 || height < ESTIMATED_HEIGHT : height !== 0);
        if (wrong(this.first - 1, this.heights.above) || wrong(this.total - this.last, this.heights.below)) this.estimateSpacers();
    }

    /** @private @param {"above" | "below"} side @param {number} height */
    setSpacer(side, height) {
        const pixels = Math.max(0, Math.round(height));
        if (this.heights[side] === pixels) return;
        this.heights[side] = pixels;
        this.spacers[side].style.height = `${pixels}px`;
    }

    /** Change something, and leave what the reader looks at where it is. @private @param {() => void} change */
    keepAnchor(change) {
        const { box, pinned } = this;
        const anchor = pinned ? undefined : this.element(this.topmost);
        const before = anchor?.getBoundingClientRect().top ?? 0;
        change();
        if (pinned && this.last === this.total) this.toEnd();
        else if (anchor?.isConnected) {
            const shift = anchor.getBoundingClientRect().top - before;
            if (Math.abs(shift) > 0.5) box.scrollTop += shift;
        }
    }
}
