/**
 * A virtual list with scroll anchoring.
 *
 * Items are numbered 1 to `total`. Those from `first` to `last` are in the DOM; two spacers have the estimated height of
 * the rest. Whatever changes, the visible items keep their position.
 */

import { h } from "./dom.js";

/** Elements in the DOM, and how many are added at a time. */
const MAX_ITEMS = 150;
const STEP = 40;
/** Overscan in pixels. */
const MARGIN = 1200;
/** Height of an item before any was measured, and of both spacers at most: browsers limit element heights. */
const ESTIMATED_HEIGHT = 56;
const MAX_SPACER = 4_000_000;
/** Pixels from the end that count as the end. */
const END_TOLERANCE = 48;

export class MessageWindow {
    /**
     * @param {{create: (n: number) => HTMLElement, patch: (element: HTMLElement, n: number) => void,
     *     onVisible: (first: number, last: number) => void, onScroll: () => void, label: string}} callbacks
     * @param {...HTMLElement} after elements after the last item
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
        // Stay at the end when the on-screen keyboard or a growing message changes the height.
        this.resizeObserver = new ResizeObserver(() => this.pinned && this.toEnd());
        this.resizeObserver.observe(this.box);
        for (const element of after) this.resizeObserver.observe(element);
    }

    /** Whether the end is (nearly) visible. @private */
    get isNearEnd() {
        const { scrollHeight, scrollTop, clientHeight } = this.box;
        return this.last === this.total && scrollHeight - scrollTop - clientHeight < END_TOLERANCE;
    }

    /** Whether the list sticks to its end. */
    get atEnd() {
        return this.pinned && this.last === this.total;
    }

    /** The number or the content of the items has changed. @param {number} total */
    update(total) {
        const grew = this.last === this.total && total > this.total;
        const wasEmpty = this.total === 0 && total > 0;
        this.total = total;
        if (wasEmpty) return this.show(total, "end");
        this.keepAnchor(() => {
            if (grew) this.render(this.first, Math.min(total, this.last + STEP));
            else this.render(Math.min(this.first, Math.max(1, total)), Math.min(this.last, total));
        });
        if (grew && this.last < total && this.pinned) this.show(total, "end");
    }

    /** Scroll to item `n`. @param {number} n @param {"end" | "start" | "center"} place */
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

    /** The number of the topmost visible item; 0: none. */
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

    /** The scrollbar was dragged into a spacer: render the items there. @private */
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
            // Add on one side first, so that the added height can be subtracted from that spacer.
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

    /** Render the items from `first` to `last`. @private @param {number} first @param {number} last */
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

    /** Set both spacers to the estimated height. @private */
    estimateSpacers() {
        const each = this.items.childElementCount > 0 ? this.items.offsetHeight / this.items.childElementCount : ESTIMATED_HEIGHT;
        const [before, after] = [this.first - 1, this.total - this.last];
        const scale = Math.min(1, MAX_SPACER / (each * Math.max(1, before + after)));
        this.setSpacer("above", before * each * scale);
        this.setSpacer("below", after * each * scale);
    }

    /** Estimate again once a spacer is too small for the items behind it. @private */
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

    /** Apply a change without moving the visible items. @private @param {() => void} change */
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
