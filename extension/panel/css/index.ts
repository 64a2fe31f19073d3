// The styles of each place, as text.

import fields from "./fields.css?inline";
import frame from "./frame.css?inline";
import letter from "./letter.css?inline";
import low from "./low.css?inline";
import media from "./media.css?inline";
import steps from "./steps.css?inline";
import voice from "./voice.css?inline";

export { default as buttonCss } from "./button.css?inline";
export { default as toastCss } from "./toast.css?inline";

export const panelCss = [frame, voice, fields, letter, steps, media, low].join("\n");
