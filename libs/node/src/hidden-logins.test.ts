import { expect, test } from "vitest";

import { hideLogins } from "./hidden-logins.ts";

test("a login is hidden as soon as it was read, beside the secrets, also in base64", () => {
  const values: string[] = [];
  const hide = hideLogins(
    (text) => text.replaceAll("hunter2", "***"),
    () => values,
  );
  const said = `first-login hunter2 second-login ${Buffer.from("ada:second-login").toString("base64")}`;
  expect(hide("first-login hunter2")).toBe("first-login ***");
  values.push("first-login");
  expect(hide("first-login second-login")).toBe("*** second-login");
  values.push("second-login", "ada:second-login");
  expect(hide(said)).toMatch(/^\*{3} \*{3} \*{3} \*{3}=*$/);
});
