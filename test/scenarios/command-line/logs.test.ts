import { spawn } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { endProcess, keelsonCommand, plainEnvironment, waitFor } from "../../support/index.ts";
import { footprintOf } from "../footprint.ts";
import { usePlatform } from "../platform.ts";

const token = "pr1nted-t0ken";
const release = String.raw`
-- release.yaml --
secrets: { token: {} }
-- packages/web/compose.yaml --
services:
  app:
    image: "IMAGES/app:1"
    command: ["sh", "-c", "printf 'one\\n\\033[31mred\\033[0m\\033[2J\\tend\\n${token}\\n'; exec sleep 1000"]
    stop_grace_period: 0s
    scale: 2
  other: { image: "IMAGES/app:1", command: ["sh", "-c", "echo bad >&2; exec sleep 1000"], stop_grace_period: 0s }
-- packages/quiet/compose.yaml --
services:
  app: { image: "IMAGES/app:1" }
`;

describe("keelson logs", () => {
  const platform = usePlatform({ release, secrets: { app: { token } } });
  const logs = async (args: string, env: Record<string, string> = {}) =>
    platform().keelson(["logs", ...args.split(" "), "--config", platform().config], {
      cwd: platform().folder,
      env,
    });
  beforeAll(async () => {
    const { exitCode, output } = await platform().reconcile();
    if (exitCode !== 0) throw new Error(output);
  });

  it("must show every container's lines as docker compose does, without a repository, and rule no terminal", async () => {
    const { exitCode, stdout, stderr } = await logs("web");
    const app = (number: number) =>
      ["one", "red\\u{1b}[2J    end", "***"].map((text) => `app-${number}    | ${text}`);
    const of = (name: string) => stdout.split("\n").filter((line) => line.startsWith(name));
    expect([of("app-1"), of("app-2"), of("other-1")]).toEqual([app(1), app(2), ["other-1  | bad"]]);
    expect(stdout.split("\n")).toHaveLength(8);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  it("must have the lines of all containers in the order of their times", async () => {
    const { stdout } = await logs("web --timestamps");
    const times = stdout.split("\n").flatMap((line) => /\| (20\S+Z)/.exec(line)?.[1] ?? []);
    expect(times).toHaveLength(7);
    expect(times).toEqual(times.toSorted());
  });

  it("must colour the prefixes where colours are taken, and nothing else", async () => {
    const { stdout } = await logs("web other", { FORCE_COLOR: "1" });
    expect(stdout).toBe("\u001b[36mother-1  | \u001b[39mbad\n");
  });

  it("must show some services, their last lines, since when, and when each was written", async () => {
    const linesOf = async (args: string) => (await logs(args)).stdout.trimEnd().split("\n").sort();
    expect(await linesOf("web app --tail 1")).toEqual(["app-1  | ***", "app-2  | ***"]);
    const both = (await linesOf("web other app --tail 1")).map((line) => line.split(" ")[0]);
    expect(both).toEqual(["app-1", "app-2", "other-1"]);
    expect((await logs("web other --timestamps --since 1h")).stdout).toMatch(
      /^other-1 {2}\| 20\d\d-\d\d-\d\dT[\d:.]+Z bad\n$/,
    );
    expect((await logs("web --since 2999-01-01")).stdout).toBe("");
  });

  it("must print an object of JSON for each line, with what was written", async () => {
    const { stdout } = await logs("web app other --json --tail 2");
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    const time = expect.stringMatching(/^20\d\d-.*Z$/);
    const of = (service: string, number: number) => ({
      time,
      service,
      container: `${platform().project("web")}-${service}-${number}`,
      stream: service === "app" ? "stdout" : "stderr",
    });
    const red = "\u001b[31mred\u001b[0m\u001b[2J\tend";
    expect(lines).toHaveLength(5);
    expect(lines).toEqual(
      expect.arrayContaining([
        { ...of("app", 1), text: red },
        { ...of("app", 1), text: "***" },
        { ...of("app", 2), text: red },
        { ...of("app", 2), text: "***" },
        { ...of("other", 1), text: "bad" },
      ]),
    );
    // oxlint-disable-next-line no-control-regex -- none may be there but line ends
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it("must follow until it is interrupted, also a container that is started meanwhile", async () => {
    const [file, ...args] = keelsonCommand(["logs", "web", "-f", "--config", platform().config]);
    const child = spawn(file, args, { env: plainEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    try {
      await waitFor(() => stdout.includes("bad"), { what: "the first lines" });
      await platform()
        .docker.getContainer((await platform().container("web/other")).id)
        .restart();
      await waitFor(() => stdout.split("bad").length === 3, { what: "the line of the second run" });
      expect(child.exitCode).toBeNull();
      child.kill("SIGINT");
      expect(await waitFor(() => child.exitCode !== null && [child.exitCode], { what: "its end" })).toEqual([
        0,
      ]);
    } finally {
      await endProcess(child.pid ?? 0);
    }
  });

  it("must say what there is where an instance or a service has no container", async () => {
    const noInstance = await logs("wbe");
    expect(noInstance.stderr).toMatch(/^error\[K9016\] .*`wbe`.*\n {2}hint: .*quiet, web\n$/);
    expect(noInstance.exitCode).toBe(1);
    const noService = await logs("web app ohter");
    expect(noService.stderr).toMatch(/^error\[K9017\] .*`ohter`.*\n {2}hint: .*app, other\n$/);
    expect(noService.exitCode).toBe(1);
  });

  it("must show nothing that another key made, and make no key", async () => {
    const otherKey = join(platform().folder, "other.key");
    const before = await footprintOf(platform().folder);
    const without = await logs(`web --key-file ${otherKey}`);
    expect(without.stderr).toMatch(/^error\[K9018\] .*other\.key/);
    expect(await footprintOf(platform().folder)).toEqual(before);

    await writeFile(otherKey, "7".repeat(64), { mode: 0o600 });
    try {
      const foreign = await logs(`web --key-file ${otherKey}`);
      expect(foreign.stderr).toContain("error[K9016]");
      expect(foreign.stdout).toBe("");
    } finally {
      await rm(otherKey);
    }
  });

  it("must need an environment, and options that make sense", async () => {
    const { config } = platform();
    const calls: [string[], number, RegExp][] = [
      [["web"], 1, /error\[K9010\]/],
      [[], 2, /missing required argument/],
      [["web", "--config", config, "--since", "yesterday"], 2, /duration such as 10m/],
      [["web", "--config", config, "--tail", "-1"], 2, /number of lines/],
    ];
    for (const [args, code, said] of calls) {
      const { exitCode, stderr } = await platform().keelson(["logs", ...args]);
      expect(stderr).toMatch(said);
      expect(exitCode).toBe(code);
    }
  });
});
