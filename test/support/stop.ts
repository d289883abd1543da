import { existsSync } from "node:fs";
import { beforeEach } from "vitest";

// An interrupt of script/test makes the file KEELSON_STOP_FILE: tests that run come to their end, so that they remove
// what they made, and no other starts. (vitest's own cancellation abandons the tests that run.)
const stopFile = process.env["KEELSON_STOP_FILE"];
if (stopFile !== undefined) {
  beforeEach(({ skip }) => skip(existsSync(stopFile), "the run was interrupted"));
}
