import { isAgeRecipient } from "@keelson/model/light";
import { InvalidArgumentError } from "commander";

/** An age recipient of the command line. */
export function parseRecipient(text: string): string {
  if (isAgeRecipient(text)) return text;
  throw new InvalidArgumentError("It must be an age recipient, such as age1…, copied whole.");
}
