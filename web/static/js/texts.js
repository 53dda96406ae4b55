/** The page's words, in the language the server chose; figures in the forms of that language. */

const texts = JSON.parse(document.getElementById("texts").textContent);

/** The text of a name, with {fields} filled; a name without a text is shown as it is. */
export function text(name, fields = {}) {
  return (texts[name] ?? name).replace(/\{(\w+)\}/g, (whole, field) => fields[field] ?? whole);
}

/** What a worker says of its stage, in the page's language where there is a word for it. */
export const stage = (message) => texts[`message_${message}`] ?? message;

const plain = new Intl.NumberFormat(texts.lang);
const short = new Intl.NumberFormat(texts.lang, { maximumSignificantDigits: 3 });

export const whole = (number) => plain.format(number);
export const rough = (number) => short.format(number);

/** 75 -> "1:15", 3675 -> "1:01:15". */
export function duration(seconds) {
  const all = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, index) => (index ? String(part).padStart(2, "0") : String(part))).join(":");
}
