import { spawn } from "node:child_process";
import { once } from "node:events";
import { beforeAll, describe, expect, it } from "vitest";
import { endProcess, keelsonCommand, plainEnvironment, waitFor } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", init: true }
  seed:
    image: IMAGES/app:1
    command: [sh, -c, "echo seeded in $$PLACE; echo told >&2; cat; exit $$CODE"]
    environment: { PLACE: store, CODE: "0" }
    volumes: [store:/store]
    depends_on: [app]
  broken: { image: "IMAGES/app:1", entrypoint: [/no/such/program], scale: 0 }
  slow:
    image: IMAGES/app:1
    command: [sh, -c, "trap 'echo stopped; exit 9' TERM; echo at work; while :; do sleep 1; done"]
    scale: 0
  -dash: { image: "IMAGES/app:1", command: [echo, dashed], scale: 0 }
volumes: { store: {} }
-- packages/wiki/compose.yaml --
services: { seed: { image: "IMAGES/app:1", command: [echo, wiki] } }
`;

describe("keelson run", () => {
  const platform = usePlatform({ release });
  const run = async (...args: readonly string[]) =>
    platform().keelson(["run", "--config", platform().config, ...args], { cwd: platform().folder });
  const oneOffs = async () => {
    const label = [
      `com.docker.compose.project=${platform().project("web")}`,
      "com.docker.compose.oneoff=True",
    ];
    return platform().docker.listContainers({ all: true, filters: { label } });
  };
  beforeAll(async () => {
    const { exitCode, output } = await platform().reconcile();
    if (exitCode !== 0) throw new Error(output);
  });

  it("must run a job once more, with its output, both streams apart, and touch nothing else", async () => {
    const before = await platform().containers();
    expect(await run("web", "seed")).toMatchObject({
      stdout: "seeded in store\n",
      stderr: "told\n",
      exitCode: 0,
    });
    expect(await platform().containers()).toEqual(before);
    expect(await oneOffs()).toEqual([]);
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must run another command in its place, and pass on its exit code and its options", async () => {
    expect(await run("web", "seed", "sh", "-c", "exit 42")).toMatchObject({ stdout: "", exitCode: 42 });
    expect(await run("web", "seed", "--", "printf", "%s|", "--json", "-h")).toMatchObject({
      stdout: "--json|-h|",
      exitCode: 0,
    });
    expect(await run("web", "seed", "sh", "-c", "echo kept > /store/file")).toMatchObject({ exitCode: 0 });
    expect(await run("web", "seed", "cat", "/store/file")).toMatchObject({ stdout: "kept\n", exitCode: 0 });
  });

  it("must say what is not here, and what Compose cannot run", async () => {
    const other = await run("web", "sead");
    expect(other.exitCode).toBe(1);
    expect(other.stderr).toContain("error[K9070]");
    expect(other.stderr).toContain("-dash, app, broken, seed, slow");
    const elsewhere = await run("weeb", "seed");
    expect(elsewhere.exitCode).toBe(1);
    expect(elsewhere.stderr).toContain("error[K9071]");
    expect(elsewhere.stderr).toContain("web, wiki");
    const strange = await run("../web", "seed");
    expect(strange.exitCode).toBe(1);
    expect(strange.stderr).toContain("error[K4006]");
    const broken = await run("web", "broken");
    expect(broken.exitCode).toBe(1);
    expect(broken.stderr).toContain("error[K3008]");
    expect(broken.stderr).toContain("/no/such/program");
    await waitFor(async () => (await oneOffs()).length === 0, { what: "nothing to be left" });
  });

  it("must run a service whose name begins with a dash", async () => {
    expect(await run("web", "-dash")).toMatchObject({ stdout: "dashed\n", exitCode: 0 });
  });

  it("must refuse an instance that is here for another environment, or without the key that shows it", async () => {
    const other = await run("--environment", `${platform().environment}-other`, "web", "seed");
    expect(other).toMatchObject({ stdout: "", exitCode: 1 });
    expect(other.stderr).toContain("error[K9071]");
    expect(other.stderr).toContain(`No instance of ${platform().environment}-other is`);
    const keyless = await run("--key-file", "/no/such/key", "web", "seed");
    expect(keyless).toMatchObject({ stdout: "", exitCode: 1 });
    expect(keyless.stderr).toContain("error[K9018]");
  });

  it("must know nothing of an instance that is staged only or gone, and say which are left", async () => {
    expect(await run("wiki", "seed")).toMatchObject({ stdout: "wiki\n", exitCode: 0 });
    const instances = { web: { package: "app/web" }, wiki: { package: "app/wiki", state: "staged" } };
    await platform().push(wantInstances(platform(), instances));
    expect((await platform().reconcile()).exitCode).toBe(0);
    const staged = await run("wiki", "seed");
    expect(staged.stderr).toContain("error[K9071]");
    expect(staged.stderr).toContain("Those that are: web");
    expect((await platform().reconcile()).output).toContain("nothing to do");
    await platform().push(wantInstances(platform(), { web: { package: "app/web" } }));
    expect((await platform().reconcile()).exitCode).toBe(0);
    const gone = await run("wiki", "seed");
    expect(gone).toMatchObject({ stdout: "", exitCode: 1 });
    expect(gone.stderr).toContain("error[K9071]");
    expect(gone.stderr).toContain("Those that are: web");
  });

  it("must be known to the agent as nobody's while it runs, and stop with its container", async () => {
    const [file, ...words] = keelsonCommand(["run", "--config", platform().config, "web", "slow"]);
    const child = spawn(file, words, { env: plainEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
    try {
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      await waitFor(() => output.includes("at work"), { what: "it to be at work" });
      expect(await oneOffs()).toHaveLength(1);
      expect((await platform().reconcile()).output).toContain("nothing to do");
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      expect((await ended)[0]).toBe(1);
      expect(output).toContain("stopped");
      expect(output).toContain("K3014");
      await waitFor(async () => (await oneOffs()).length === 0, { what: "the container to be gone" });
    } finally {
      await endProcess(child.pid ?? 0);
    }
  });
});
