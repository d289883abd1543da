/** Shorter values would take half of every text with them, and are no secrets. */
const minValueLength = 4;
/** A line of a longer value: below this it may be `-----` or a word. */
const minLineLength = 8;
/** Where an excerpt begins in the midst of a text. */
const cut = "…";

/** What replaces every occurrence of the values in a text by `***`, the longest first. */
export function newValueFilter(values: readonly string[]): (text: string) => string {
  const forms = values.filter(({ length }) => length >= minValueLength).flatMap(formsOf);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => {
    const hidden = longestFirst.reduce((rest, form) => rest.replaceAll(form, "***"), text);
    return hidden.includes(cut) ? longestFirst.reduce(hideRest, hidden) : hidden;
  };
}

/** What is left of a value of which an excerpt cut off the beginning. */
function hideRest(text: string, form: string): string {
  let rest = text;
  for (let length = form.length - 1; length >= minValueLength; length--) {
    rest = rest.replaceAll(`${cut}${form.slice(-length)}`, `${cut}***`);
  }
  return rest;
}

/** As a program prints a value: as it is, without the line end that `cat` shows apart, line by line, in JSON. */
function formsOf(value: string): string[] {
  const trimmed = value.trim();
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  const isBlock = lines.length > 1 || trimmed !== value;
  const parts = (isBlock ? [trimmed, ...lines] : []).filter(({ length }) => length >= minLineLength);
  const plain = [value, ...parts].flatMap((form) => [form, withoutControls(form)]);
  // JSON inside JSON too: a program's log line in JSON, inside an engine's answer.
  return plain.flatMap((form) => {
    const inJson = escapeJson(form);
    return [form, inJson, escapeJson(inJson)];
  });
}

/** As an excerpt of a log shows it: tabs are spaces, blank lines and control characters are gone. */
function withoutControls(text: string): string {
  const shown = text
    .replace(/\r\n?/g, "\n")
    .replaceAll("\t", " ")
    .replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, "")
    .replace(/ *\n[ \n]*(?=\n)/g, "");
  return shown.length < minValueLength ? text : shown;
}

function escapeJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
