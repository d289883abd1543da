import { expect, test } from "vitest";

import { isAgeRecipient } from "./age-recipient.ts";

const recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

test.each([
  ["a recipient", recipient, true],
  ["one with a letter changed", recipient.replace("ql3z", "ql3y"), false],
  ["one that was cut", recipient.slice(0, -1), false],
  ["one in capitals", recipient.toUpperCase(), false],
  ["words", "age1bogus", false],
  ["a secret key", "AGE-SECRET-KEY-1QQQ", false],
  ["nothing", "", false],
])("%s is told", (_what, text, isOne) => {
  expect(isAgeRecipient(text)).toBe(isOne);
});
