/** Modal dialogs. */

import { t } from "../i18n/index.js";
import { h } from "./dom.js";

/**
 * Show a dialog; resolves with its form data, or null if cancelled.
 *
 * @param {{title: string, text?: string, fields?: HTMLElement[], yes: string, danger?: boolean}} question
 * @returns {Promise<FormData | null>}
 */
export function question({ title, text, fields = [], yes, danger = false }) {
    return new Promise((resolve) => {
        /** @type {FormData | null} */
        let answer = null;
        const form = h(
            "form",
            {
                method: "dialog",
                onsubmit: (event) => {
                    event.preventDefault();
                    answer = new FormData(form);
                    dialog.close();
                },
            },
            h("h2", { id: "question" }, title),
            text && h("p", { class: "secondary" }, text),
            fields,
            h(
                "div",
                { class: "row justify-end" },
                h("button", { type: "button", class: "button plain", onclick: () => dialog.close() }, t("cancel")),
                h("button", { type: "submit", class: `button ${danger ? "danger" : ""}` }, yes),
            ),
        );
        const dialog = h("dialog", { class: "dialog", "aria-labelledby": "question" }, form);
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(answer);
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}

/**
 * Ask for the reason of a report.
 *
 * @param {string} name
 * @param {boolean} block whether *also block* is preselected
 * @returns {Promise<{reason: import("../sdk/frames.js").ReportReason, block: boolean} | null>}
 */
export async function reportQuestion(name, block) {
    const reasons = ["spam", "abuse", "other"].map((reason, index) =>
        h(
            "label",
            { class: "choice" },
            h("input", { type: "radio", name: "reason", value: reason, checked: index === 0 }),
            h("span", {}, t(`report.${reason}`)),
        ),
    );
    const answer = await question({
        title: t("report.title", { name }),
        text: t("report.text", { name }),
        fields: [
            h("fieldset", {}, h("legend", { class: "visually-hidden" }, t("report.why")), ...reasons),
            h(
                "label",
                { class: "choice" },
                h("input", { type: "checkbox", name: "block", checked: block }),
                h("span", {}, t("report.block", { name })),
            ),
        ],
        yes: t("report.submit"),
        danger: true,
    });
    if (!answer) return null;
    const reason = /** @type {import("../sdk/frames.js").ReportReason} */ (answer.get("reason"));
    return { reason, block: answer.has("block") };
}
