import { InvalidArgumentError } from "commander";

/** An age recipient of the command line. */
export function parseRecipient(text: string): string {
  if (/^age1[a-z0-9]+$/.test(text)) return text;
  throw new InvalidArgumentError("It must be an age recipient, such as age1….");
}
