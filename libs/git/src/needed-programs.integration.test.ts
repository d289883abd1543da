import { makeTempFolder } from "@keelson/test/support";
import { afterEach, expect, it, vi } from "vitest";

import { findNeededPrograms } from "./needed-programs.ts";

afterEach(() => vi.unstubAllEnvs());

const needed = async (url: string) => findNeededPrograms({ url, timeoutMs: 60_000 });

it("names what a URL needs", async () => {
  expect(await needed("https://git.example/state.git")).toEqual([]);
  expect(await needed("/srv/state.git")).toEqual([expect.stringMatching(/^git version 2/)]);
  expect(await needed("ssh://git@git.example/state.git")).toEqual([
    expect.stringMatching(/^git version 2/),
    expect.stringMatching(/^OpenSSH/),
  ]);
});

it("throws K2010 for a program that is missing", async () => {
  await using folder = await makeTempFolder();
  vi.stubEnv("PATH", folder.path);
  await expect(needed("/srv/state.git")).rejects.toMatchObject({ code: "K2010" });
  expect(await needed("https://git.example/state.git")).toEqual([]);
});
