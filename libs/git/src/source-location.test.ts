import { formatError } from "@keelson/model";
import { expect, it } from "vitest";

import { locateSource } from "./source-location.ts";

it("reads http(s) URLs and takes the credential out of them", () => {
  expect(locateSource("https://git.example:8443/clinic.git/")).toEqual({
    kind: "http",
    url: "https://git.example:8443/clinic.git",
    name: "https://git.example:8443/clinic.git",
    login: null,
  });
  expect(locateSource("HTTP://ada:p%40ss@git.example/clinic")).toEqual({
    kind: "http",
    url: "http://git.example/clinic",
    name: "http://git.example/clinic",
    login: { username: "ada", password: "p@ss" },
  });
});

it("reads absolute paths and file:// URLs", () => {
  expect(locateSource("/srv/state.git")).toMatchObject({ kind: "local", path: "/srv/state.git" });
  expect(locateSource("file:///srv/my%20state")).toMatchObject({ kind: "local", path: "/srv/my state" });
  expect(locateSource("file://localhost/srv/state")).toMatchObject({ kind: "local", path: "/srv/state" });
  expect(locateSource("/srv/a:b")).toMatchObject({ kind: "local", path: "/srv/a:b" });
});

it("reads ssh URLs and the names that scp takes", () => {
  const places = [
    "ssh://git@git.example:2222/srv/x.git",
    "ssh://git.example/~ada/x",
    "git@git.example:x y.git",
  ];
  for (const url of places) expect(locateSource(url)).toEqual({ kind: "ssh", url, name: url });
  expect(locateSource("SSH://git@[::1]/x")).toMatchObject({ url: "ssh://git@[::1]/x" });
});

it.each(
  [
    ["ext::sh -c touch%20/tmp/hit", "git.example:x"],
    ["git://git.example/x", "ftp://git.example/x", "fd::3", "javascript:0", "--upload-pack=x", "-x"],
    ["relative/path", "./x", "../x", "", "file://other-host/x", "file:///a%2fb", "file:///a%00b"],
    ["ssh://-oProxyCommand=x/y", "ssh://-x@git.example/y", "-x@git.example:y", "git@-oProxyCommand=x:y"],
    [
      "git@git.example:-x",
      "ssh://git@git.example/-x",
      "ssh://git@git.example",
      "ssh://git@git.example/",
      "a@b::x",
    ],
    [
      "ssh://git@git.example/x?y",
      "ssh://a b@git.example/x",
      "a;b@git.example:x",
      "git@a$(x):y",
      "git@git.example:",
    ],
    ["https://", "http://git.example/x?token=1", "http://git.example/x#y", "/srv/a\nb"],
  ].flat(),
)("refuses %j", (url) => {
  expect(() => locateSource(url)).toThrow(expect.objectContaining({ code: "K2006" }));
});

it.each([
  "ssh://ada:hunter2@git.example/x",
  "https://ada:hunter2@git.example/x?y",
  "https://ada:hunter2%zz@git.example/x",
  "https://ada:hunter2@[bad/x",
  "ftp://ada:hunter2/@git.example/x",
  "hunter2",
])("keeps what may be secret in %j out of the message", (url) => {
  let text = "";
  try {
    locateSource(url);
  } catch (error) {
    text = formatError(error);
  }
  expect(text).toContain("error[K2006]");
  expect(text).not.toContain("hunter2");
});
