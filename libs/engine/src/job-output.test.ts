import { expect, test } from "vitest";

import { keepJobOutput } from "./job-output.ts";

const hide = (text: string) => text.replaceAll("sesame", "***").replaceAll("…same", "…***");

test("the end of a job's output is kept in its order, clean, bounded and without secret values", () => {
  const output = keepJobOutput();
  output.stdout.write("first\nkey sesame\n");
  output.stderr.write(Buffer.from("\u001B[31mth\u00e9", "utf8").subarray(0, -1));
  output.stderr.write(Buffer.from([0xa9]));
  expect(output.read(hide)).toBe("first\nkey ***\nthé");
});

test("a value that the cut goes through is hidden, and a long output is not kept", () => {
  const output = keepJobOutput();
  const lines = "x".repeat(99).concat("\n").repeat(1_000);
  output.stdout.write(`sesame\n${lines}`);
  const cut = keepJobOutput();
  cut.stdout.write(`sesame${" ".repeat(64 * 1024 - 4)}`);
  expect(output.read(hide).length).toBeLessThan(2_100);
  expect(cut.read(hide)).toBe("…***");
});

test.each(["ses\u0000ame", "s\u0000e\u0000s\u0000a\u0000m\u0000e\u0000", "ses\u200bame", "ses\u0007ame"])(
  "a value is hidden also where characters stand in it that are not shown: %j",
  (written) => {
    const output = keepJobOutput();
    output.stdout.write(`key ${written}\n`);
    expect(output.read(hide)).toBe("key ***");
  },
);
