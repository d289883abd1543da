import { InvariantError, KeelsonError, formatError, stalled } from "@keelson/model";
import { expect, test } from "vitest";

import { hideSecrets } from "./hidden-error.ts";

const hide = (text: string) => text.replaceAll("hunter2", "***");

test("no link of the chain shows a value, and a coded error keeps its code, hint and outcome", () => {
  const cause = new Error("exec failed", { cause: { output: "hunter2" } });
  const error = new KeelsonError({
    code: "K4010",
    message: "it printed hunter2",
    hint: "look",
    outcome: stalled,
    cause,
  });
  const hidden = hideSecrets(error, hide);
  expect(hidden).toBeInstanceOf(KeelsonError);
  expect(hidden).toMatchObject({ code: "K4010", message: "it printed ***", hint: "look", outcome: stalled });
  expect(formatError(hidden)).toBe(
    'error[K4010] it printed ***\n  cause: exec failed\n  cause: {"output":"***"}\n  hint: look',
  );
});

test("only a cause, a bug and what is no error are cleaned as well", () => {
  const outer = new KeelsonError({ code: "K4010", message: "x", cause: new Error("hunter2") });
  expect(formatError(hideSecrets(outer, hide))).toBe("error[K4010] x\n  cause: ***");
  const bug = hideSecrets(new InvariantError("hunter2"), hide);
  expect(bug).toBeInstanceOf(InvariantError);
  expect(formatError(bug)).not.toContain("hunter2");
  expect(formatError(hideSecrets(new TypeError("hunter2"), hide))).not.toContain("hunter2");
  expect(hideSecrets("hunter2", hide)).toBe("***");
});

test("an error without a value stays itself", () => {
  const error = new KeelsonError({ code: "K4010", message: "x", cause: new Error("y") });
  expect(hideSecrets(error, hide)).toBe(error);
});

test("a chain that leads back to itself ends", () => {
  const error = new Error("hunter2");
  error.cause = error;
  expect(formatError(hideSecrets(error, hide))).not.toContain("hunter2");
});
