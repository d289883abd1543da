/** Colours as the reader's terminal wants them; the plain form leaves the text as it is. */
export type Paint = (format: "green" | "cyan" | "yellow" | "red" | "dim" | "bold", text: string) => string;
