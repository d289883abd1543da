import { spawn } from "node:child_process";
import { describe, expect, it } from "vitest";
import {
  agentCommand,
  endProcess,
  plainEnvironment,
  runAgent,
  runKeelson,
  waitFor,
} from "../../support/index.ts";

/** None of these files is there, so that an error says which one was looked for. */
const env = { KEELSON_CONFIG: "/nowhere/of-the-variable.yaml" };
const missing = (path: string) => new RegExp(`K1004.*the agent's configuration ${path}`);

describe("KEELSON_CONFIG", () => {
  it.each(["sync", "status --local", "plan -e lab -n n1", "logs web"])(
    "must name agent.yaml for keelson %s",
    async (command) => {
      const { exitCode, stderr } = await runKeelson(command.split(" "), { env });
      expect(stderr).toMatch(missing(env.KEELSON_CONFIG));
      expect(exitCode).toBe(1);
    },
  );

  it("must give way to an option, and count for nothing when it is empty", async () => {
    const option = "/nowhere/of-the-option.yaml";
    expect((await runKeelson(["sync", "--config", option], { env })).stderr).toMatch(missing(option));
    expect((await runAgent(["reconcile", "--config", option], { env })).stderr).toContain(option);
    const { stderr } = await runKeelson(["status", "--local"], { env: { KEELSON_CONFIG: "" } });
    expect(stderr).not.toContain("K1004");
  });

  it("must not make keelson status local", async () => {
    const { stderr } = await runKeelson(["status", "-C", "/nowhere"], { env });
    expect(stderr).toMatch(/^error\[K2/);
    expect(stderr).not.toContain(env.KEELSON_CONFIG);
  });

  it("must name agent.yaml for a round and for the agent that stays", async () => {
    expect((await runAgent(["reconcile"], { env })).stderr).toContain(env.KEELSON_CONFIG);
    const [file, ...args] = agentCommand(["run"]);
    const child = spawn(file, args, { env: plainEnvironment(env), stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    try {
      await waitFor(() => stderr.includes(env.KEELSON_CONFIG), { what: "the file that the agent reads" });
    } finally {
      await endProcess(child.pid ?? 0);
    }
  });
});
