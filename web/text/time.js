/** Formats times, given in milliseconds, in the browser's time zone. */

/** @param {number} time */
export function dayOf(time) {
    const date = new Date(time);
    return date.getFullYear() * 10_000 + date.getMonth() * 100 + date.getDate();
}

/**
 * Formatters for one language.
 *
 * @param {string} language
 */
export function times(language) {
    const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
    const weekday = new Intl.DateTimeFormat(language, { weekday: "short" });
    const short = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
    const dated = new Intl.DateTimeFormat(language, { day: "numeric", month: "numeric", year: "2-digit" });
    const near = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    const far = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });
    const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
    const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

    return {
        /** 14:05 @param {number} time */
        clock: (time) => clock.format(time),
        /** Date and time, for a tooltip. @param {number} time */
        full: (time) => full.format(time),
        /** For lists: the time today, the weekday within six days, otherwise the date. @param {number} time @param {number} now */
        brief(time, now) {
            const days = daysBetween(time, now);
            if (days <= 0) return clock.format(time);
            if (days < 7) return weekday.format(time);
            return sameYear(time, now) ? short.format(time) : dated.format(time);
        },
        /** For date dividers: today, yesterday, or the date. @param {number} time @param {number} now */
        day(time, now) {
            const days = daysBetween(time, now);
            if (days === 0 || days === 1) return capital(relative.format(-days, "day"), language);
            return capital((sameYear(time, now) ? near : far).format(time), language);
        },
    };
}

/** @param {number} time @param {number} now */
function daysBetween(time, now) {
    const midnight = (/** @type {number} */ at) => new Date(at).setHours(0, 0, 0, 0);
    return Math.round((midnight(now) - midnight(time)) / 86_400_000);
}

/** @param {number} time @param {number} now */
const sameYear = (time, now) => new Date(time).getFullYear() === new Date(now).getFullYear();

/** @param {string} text @param {string} language */
const capital = (text, language) => text.charAt(0).toLocaleUpperCase(language) + text.slice(1);
