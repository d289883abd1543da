import { existsSync } from "node:fs";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runAgent } from "../../support/index.ts";
import { footprintOf } from "../footprint.ts";
import { usePlatform } from "../platform.ts";

const token = "n0t-t0-be-seen";
const release = `
-- release.yaml --
secrets: { token: {} }
-- packages/web/package.yaml --
files:
  - { template: greeting.txt, to: conf/greeting.txt, onChange: restart }
  - { template: run.sh, to: conf/run.sh, onChange: restart, mode: "0755" }
  - { template: token.liquid, to: secrets/token, onChange: recreate }
-- packages/web/greeting.txt --
hello
-- packages/web/run.sh --
#!/bin/sh
-- packages/web/token.liquid --
{{ secrets.token }}
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", volumes: ["./conf:/etc/app:ro", "./secrets:/run/token:ro"] }
`;
/** No engine: whatever answers here would be a mistake. */
const noEngine = { DOCKER_HOST: "unix:///nowhere/docker.sock" };

describe("the command keelson-agent", () => {
  it.each([
    [[], 2],
    [["--help"], 0],
    [["--version"], 0],
    [["reconcile", "--help"], 0],
    [["recnocile"], 2],
    [["reconcile", "--config", "/nowhere/agent.yaml"], 1],
  ])("%j must exit with %i", async (args, exitCode) => {
    expect((await runAgent(args)).exitCode).toBe(exitCode);
  });
});

describe("the command keelson", () => {
  const platform = usePlatform({ release, secrets: { app: { token } }, nodes: { n1: {}, n2: {} } });
  const run = async (args: string, env: Record<string, string> = {}) =>
    platform().keelson(args.split(" "), { env });
  const here = () => `-e ${platform().environment} -n n1 --config ${platform().config}`;
  const everything = async () => ({
    containers: await platform().containers(),
    node: await footprintOf(platform().folder),
    repository: await platform().repository.git("status", "--porcelain=v2", "--branch"),
  });

  it("must answer a wrong call with 2 and everything it does with 0 or 1", async () => {
    const calls: [string, number][] = [
      ["", 2],
      ["--help", 0],
      ["plan --help", 0],
      ["version", 0],
      ["--version", 0],
      ["paln", 2],
      ["plan --form main", 2],
      ["plan now", 2],
      ["apply --revision", 2],
      ["check", 0],
      ["explain K1302", 0],
      ["explain K0000", 1],
      ["check -C /nowhere", 1],
    ];
    const codes = await Promise.all(
      calls.map(async ([args]) => [args, (await run(args, noEngine)).exitCode] as const),
    );
    expect(codes).toEqual(calls);
  });

  it("must name what was probably meant", async () => {
    const { environment } = platform();
    const calls: [string, RegExp][] = [
      ["paln", /did you mean plan/i],
      ["plan --form main", /did you mean --from/i],
      [`plan -e ${environment}x`, new RegExp(`did you mean .${environment}`, "i")],
      [`plan -e ${environment}x -n n1`, new RegExp(`did you mean .${environment}`, "i")],
      [`plan -e ${environment} -n n3`, /did you mean .n1|nodes: n1, n2/i],
      ["plan", /-n n1.*-n n2/],
      ["plan -e nothing-like-it -n n1", new RegExp(environment)],
    ];
    await Promise.all(
      calls.map(async ([args, hint]) => {
        const { exitCode, stderr } = await run(args, noEngine);
        expect(stderr).toMatch(hint);
        expect(exitCode).toBeGreaterThan(0);
      }),
    );
  });

  it("must plan for a node that was never set up, and leave no trace", async () => {
    const before = await everything();
    const { exitCode, stdout } = await run(`plan ${here()}`);
    expect(await everything()).toEqual(before);
    expect(existsSync(platform().stateDir)).toBe(false);
    expect(stdout).toMatch(/create +.*web\/app/);
    expect(exitCode).toBe(0);
  });

  it("must refuse to apply what is in no commit", async () => {
    await platform().repository.write({ "notes.txt": "not committed\n" });
    const before = await everything();
    const { exitCode, stderr } = await run(`apply ${here()}`);
    expect(await everything()).toEqual(before);
    expect(stderr).toContain("notes.txt");
    expect(stderr).toMatch(/^error\[K2011\] .*\n {2}hint: /);
    expect(exitCode).toBe(1);
    await platform().repository.write({ "notes.txt": null });
  });

  it("must apply a commit of a local repository, and report it", async () => {
    const revision = await platform().repository.head();
    const { exitCode, stdout } = await run(`apply ${here()}`);
    expect(await platform().pageOf("web/app")).toBe("app 1\n");
    expect(await platform().exec("web/app", "cat", "/run/token/token")).toBe(`${token}\n`);
    expect(stdout).toContain("applied");
    expect(exitCode).toBe(0);

    const status = await run(`status --local --config ${platform().config}`, noEngine);
    expect(status.stdout).toContain("ready");
    expect(status.stdout).toContain(revision.slice(0, 8));
    expect(status.exitCode).toBe(0);
  });

  it("must plan without any effect while everything runs, also what would change much", async () => {
    await platform().repository.write({
      "releases/app/1.0.0/packages/web/greeting.txt": "good day\n",
      "releases/app/1.0.0/packages/web/token.liquid": "new {{ secrets.token }}\n",
    });
    const before = await everything();
    const { exitCode, stdout } = await run(`plan ${here()} --verbose --exit-code`);
    expect(await everything()).toEqual(before);
    expect(stdout).toMatch(/recreate +.*web\/app/);
    expect(stdout).not.toContain(token);
    expect(exitCode).toBe(3);
    await platform().repository.git("checkout", "--quiet", ".");
    const same = await run(`plan ${here()} --exit-code`);
    expect(same.stdout).toContain("nothing to do");
    expect(same.exitCode).toBe(0);
  });

  it("must plan from one revision to another without an engine, for any node", async () => {
    await platform().repository.createBranch("upgrade");
    await platform().upgrade({ "packages/web/greeting.txt": "good day\n" });
    await platform().repository.switchTo("main");
    await Promise.all(
      ["n1", "n2"].map(async (node) => {
        const at = `-e ${platform().environment} -n ${node} --exit-code`;
        const change = await run(`plan ${at} --from main --revision upgrade`, noEngine);
        expect(change.stdout).toMatch(/restart +.*web\/app +file conf\/greeting\.txt changed/);
        expect(change.exitCode).toBe(3);
        const none = await run(`plan ${at} --from main --revision main`, noEngine);
        expect(none.stdout).toContain("nothing to do");
        expect(none.exitCode).toBe(0);
        const first = await run(`plan ${at} --from none --revision main`, noEngine);
        expect(first.stdout).toMatch(/create +.*web\/app/);
      }),
    );
    const here = await run(`plan -e ${platform().environment} -n n1`, noEngine);
    expect(here.stderr).toContain("error[K3001]");
    expect(here.exitCode).toBe(1);
  });

  it("must write what a node would get, and never a secret", async () => {
    const out = join(platform().folder, "out");
    const args = `render -e ${platform().environment} -n n1 --out ${out}`;
    expect((await run(args, noEngine)).exitCode).toBe(0);
    expect(await readFile(join(out, "web/conf/greeting.txt"), "utf8")).toBe("hello\n");
    expect(await readFile(join(out, "web/secrets/token"), "utf8")).not.toContain(token);
    expect((await stat(join(out, "web/conf/run.sh"))).mode & 0o777).toBe(0o755);
    expect((await stat(join(out, "web/conf/greeting.txt"))).mode & 0o111).toBe(0);
    expect(Object.keys(JSON.parse(await readFile(join(out, "web/compose.json"), "utf8")).services)).toEqual([
      "app",
    ]);
    const before = await footprintOf(out);
    const again = await run(args, noEngine);
    expect(again.stderr).toContain("error[K9011]");
    expect(again.exitCode).toBe(1);
    expect(await footprintOf(out)).toEqual(before);
    await rm(out, { recursive: true });
  });

  it("must print JSON and nothing else when it is asked to, also when it fails", async () => {
    await writeFile(join(platform().repository.path, "environments/broken.yaml"), "");
    const calls: [string, number, RegExp][] = [
      ["version --json", 0, /"version"/],
      [`plan ${here()} --json`, 0, /"operations"/],
      [`plan -e ${platform().environment} -n n1 --json --from main --revision upgrade`, 0, /"restart"/],
      [`render -e ${platform().environment} -n n1 --json`, 0, /"instances"/],
      [`status --config ${platform().config} --json`, 0, /"conditions"/],
      [`apply ${here()} --json`, 1, /"K2011"/],
      ["explain K1302 --json", 0, /"title"/],
      ["plan -e nowhere --json", 1, /"K9010"/],
    ];
    await Promise.all(
      calls.map(async ([args, exitCode, content]) => {
        const result = await run(args);
        expect(JSON.parse(result.stdout)).toBeTypeOf("object");
        expect(result.stdout).toMatch(content);
        expect(result.stdout + result.stderr).not.toContain(token);
        expect([args, result.exitCode, result.stderr]).toEqual([args, exitCode, ""]);
      }),
    );
    await rm(join(platform().repository.path, "environments/broken.yaml"));
    const applied = await run(`apply ${here()} --json`);
    expect(JSON.parse(applied.stdout)).toMatchObject({ v: 1, errors: [] });
    expect(applied.exitCode).toBe(0);
  });

  it("must show a problem with its place, the line and a hint", async () => {
    await platform().repository.write({
      [platform().paths.environment]: "name: x\nreleases: { app: 1 }\ninstnces: {}\n",
    });
    const { exitCode, stderr } = await run("check", noEngine);
    expect(stderr).toMatch(
      /^error\[K\d{4}\] environments\/\S+\/environment\.yaml:3:1 .*instnces.*\n +3 \| instnces: \{\}\n +\| \^\n +hint: .*instances/m,
    );
    expect(stderr).toMatch(/^\d+ problems in 2 files\.$/m);
    expect(exitCode).toBe(1);
    const json = await run("check --json", noEngine);
    expect(JSON.parse(json.stdout).problems).toContainEqual(
      expect.objectContaining({ line: 3, column: 1, hint: expect.stringContaining("instances") }),
    );
    await platform().repository.git("checkout", "--quiet", ".");
  });

  it("must have colours on a terminal's demand only", async () => {
    const plan = `plan -e ${platform().environment} -n n1 --from main --revision upgrade`;
    const environments = [{}, { NO_COLOR: "1" }, { FORCE_COLOR: "1" }];
    const results = await Promise.all(environments.map(async (env) => run(plan, { ...noEngine, ...env })));
    expect(results.map(({ stdout }) => stdout.includes("\u001b["))).toEqual([false, false, true]);
  });
});
