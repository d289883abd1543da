import { spawn } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { endProcess, keelsonCommand, plainEnvironment, waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", stop_grace_period: 0s }
  two: { image: "IMAGES/app:1", stop_grace_period: 0s, scale: 2 }
  idle: { image: "IMAGES/app:1", scale: 0 }
`;

describe("keelson exec", () => {
  const platform = usePlatform({ release });
  const exec = async (args: readonly string[], input?: string) =>
    platform().keelson(["exec", "--config", platform().config, ...args], {
      cwd: platform().folder,
      ...(input === undefined ? {} : { input }),
    });
  beforeAll(async () => {
    const { exitCode, output } = await platform().reconcile();
    if (exitCode !== 0) throw new Error(output);
  });

  it("must pass on output, both streams apart, and the exit code", async () => {
    const result = await exec(["web", "app", "--", "sh", "-c", "echo out; echo err >&2; exit 42"]);
    expect(result).toMatchObject({ stdout: "out\n", stderr: "err\n", exitCode: 42 });
    expect(await exec(["web", "app", "true"])).toMatchObject({ stdout: "", stderr: "", exitCode: 0 });
    expect((await exec(["web", "app", "/no/such/program"])).exitCode).toBeOneOf([126, 127]);
  });

  it("must pass on the input, bytes as they are, and options that are the command's", async () => {
    const text = "\u001b[2J\u0000 ü\r\n";
    expect(await exec(["web", "app", "cat"], text)).toMatchObject({ stdout: text, exitCode: 0 });
    expect(await exec(["web", "app", "echo", "--help", "-e", "x", "--"])).toMatchObject({ exitCode: 0 });
    expect((await exec(["web", "app", "printf", "%s|", "--json", "--"])).stdout).toBe("--json|--|");
    expect((await exec(["web", "app", "--", "printf", "%s|", "--", "-h"])).stdout).toBe("--|-h|");
  });

  it("must end with the command, although nobody ends the input", async () => {
    await using process = start(
      keelsonCommand(["exec", "--config", platform().config, "web", "app", "true"]),
    );
    expect(await process.exitCode()).toBe(0);
  });

  it("must give the command a terminal where there is one, with its size, and leave that as it was", async () => {
    const words = keelsonCommand(["exec", "--config", platform().config, "web", "app", "sh"]);
    const shown = words.map((word) => `'${word}'`).join(" ");
    const inside = `stty rows 33 cols 77; ${shown}; echo "ended $?"; stty -a`;
    await using process = start(["script", "--quiet", "--return", "--command", inside, "/dev/null"]);
    const says = async (command: string, answer: RegExp) =>
      waitFor(
        () => {
          // The size arrives when it arrives: ask again.
          process.type(`${command}\n`);
          return answer.test(process.output());
        },
        { what: `the answer to ${command}` },
      );
    await says("tty", /\/dev\/pts\/\d/);
    await says("stty size", /33 77/);
    // An interrupt is the command's: `cat` ends by it, and the shell goes on.
    process.type("cat\n");
    await says("\u0003echo still $((6 * 7))", /still 42/);
    process.type("exit 7\n");
    expect(await process.exitCode()).toBe(0);
    expect(process.output()).toContain("ended 7");
    expect(process.output()).toMatch(/ended 7[^]*[^-]icanon[^]* echo /);
  });

  it("must enter nothing but a running container of this node", async () => {
    const calls: [string[], string][] = [
      [["wbe", "app", "true"], "K9016"],
      [["web", "idle", "true"], "K9017"],
      [["--key-file", "/nowhere/node.key", "web", "app", "true"], "K9018"],
    ];
    for (const [args, code] of calls) {
      const { exitCode, stdout, stderr } = await exec(args);
      expect(stderr).toContain(`error[${code}]`);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    }
    await platform().stop("web/app");
    expect((await exec(["web", "app", "true"])).stderr).toContain("error[K3010]");
  });

  it("must enter the first of several containers, or the one that is named", async () => {
    const hostOf = async (...index: string[]) => (await exec([...index, "web", "two", "hostname"])).stdout;
    const [first, second] = [await hostOf("--index", "1"), await hostOf("--index", "2")];
    expect(await hostOf()).toBe(first);
    expect(second).not.toBe(first);
    expect((await exec(["--index", "3", "web", "two", "true"])).stderr).toContain("error[K3010]");
    expect((await exec(["--index", "0", "web", "two", "true"])).exitCode).toBe(2);
  });

  it("must be called with a command", async () => {
    for (const args of [
      ["web", "app"],
      ["web", "app", "--"],
    ]) {
      const { exitCode, stderr } = await exec(args);
      expect(stderr).toContain("missing required argument 'command'");
      expect(exitCode).toBe(2);
    }
  });
});

/** A process whose input stays open. */
function start([file, ...args]: readonly [string, ...string[]]) {
  const child = spawn(file, args, { env: plainEnvironment(), stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  // What is typed after its end reaches nobody.
  child.stdin.on("error", () => {});
  return {
    output: () => output,
    type: (text: string) => void child.stdin.write(text),
    exitCode: async () => {
      await waitFor(() => child.exitCode !== null || child.signalCode !== null, {
        what: "the end",
      });
      return child.exitCode;
    },
    [Symbol.asyncDispose]: async () => endProcess(child.pid ?? 0),
  };
}
