import { expect, it } from "vitest";
import { parse, stringify } from "yaml";

import { readOuterAttributes, readWorkTree } from "../../../libs/git/src/index.ts";
import { wireDesired } from "../../../libs/node/src/index.ts";
import { checkRevision } from "../../../libs/reconcile/src/index.ts";
import { makeGitRepository, runKeelson } from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";
import { folders } from "../fleet/fleet.ts";
import { parseFiles } from "../repository-text.ts";

const files = parseFiles(
  folders
    .replaceAll("UNIQUE", "fleet")
    .replaceAll("MACHINE", "/srv/host")
    .replaceAll("IMAGES/", "registry.example/")
    .replaceAll(/PORT(\d)\b/g, "1900$1"),
);

const path = "environments/home/environment.yaml";

type Counts = Record<"services" | "volumes" | "networks" | "ports", number>;
interface Counted {
  folder: string;
  in: Counts;
  out: Counts;
  leftOut: unknown[];
}
interface Secret {
  file: string;
  line: number;
  name: string;
}
type Grants = Record<string, true | string[]>;
interface Proposed {
  networks: Record<string, null>;
  policy: { allow: Record<string, Grants> };
}

/** The environment without one of its networks or grants, for each of them. */
function* mutants(text: string): Generator<{ without: string; text: string }> {
  const proposed: Proposed = parse(text);
  for (const name of Object.keys(proposed.networks)) {
    const { [name]: _without, ...networks } = proposed.networks;
    yield { without: `network ${name}`, text: stringify({ ...proposed, networks }) };
  }
  for (const [reference, grants] of Object.entries(proposed.policy.allow)) {
    for (const [kind, value] of Object.entries(grants)) {
      for (const entry of value === true ? [true as const] : value) {
        const mutant: Proposed = parse(text);
        const own = mutant.policy.allow[reference] ?? {};
        const all = own[kind];
        if (Array.isArray(all)) own[kind] = all.filter((each) => each !== entry);
        else delete own[kind];
        yield { without: `${reference} ${kind} ${entry}`, text: stringify(mutant) };
      }
    }
  }
}

it(
  "keelson import must propose what check accepts, and no grant too many",
  { timeout: 300_000 },
  async () => {
    await using repository = await makeGitRepository();
    await repository.write(files);
    const options = { cwd: repository.path };

    // Without --write nothing is written.
    const proposed = await runKeelson(["import", "--node", "box", "--json"], options);
    expect([proposed.exitCode, proposed.stderr]).toEqual([0, ""]);
    const { projects, documents, written, secrets, networks } = JSON.parse(proposed.stdout);
    expect(written).toEqual([]);
    expect((await runKeelson(["check"], options)).stderr).toContain("K9014");

    // Every folder is in the answer, and one that is not imported says why.
    const named = Object.keys(files).filter((each) => /(?:^|\/)(?:docker-)?compose\.ya?ml$/.test(each));
    expect(projects.map(({ folder }: { folder: string }) => folder)).toEqual(
      named.map((each) => each.slice(0, each.lastIndexOf("/"))).sort(),
    );
    const refused = projects.filter(({ imported }: { imported: boolean }) => !imported);
    expect(refused.map(({ folder }: { folder: string }) => folder)).toContain("apps/site");
    for (const { problems } of refused) expect(problems[0]).toMatchObject({ hint: expect.any(String) });

    // Wherever a secret stands in plain text, it is named.
    const places = secrets.map(({ file, line, name }: Secret) => `${file}:${line} ${name}`);
    expect(places).toEqual([
      "apps/cloud/compose.yaml:13 POSTGRES_PASSWORD",
      "apps/cloud/compose.yaml:22 POSTGRES_PASSWORD",
      "apps/photos/.env:3 DB_PASSWORD",
      "apps/runner/.env:1 RUNNER_TOKEN",
      "apps/vault/.env:1 ADMIN_TOKEN",
      "apps/wiki/.env:3 DB_PASSWORD",
    ]);
    for (const value of ["only $ here", "argon2id"]) expect(proposed.stdout).not.toContain(value);

    // A network that several folders join is made by the environment, and one that a single folder joins is granted.
    expect(networks).toEqual([
      { name: "fleet-byhand", folders: ["apps/joined"], fate: "grant", because: "one joins it" },
      {
        name: "fleet-proxy",
        folders: ["apps/proxy", "apps/wiki"],
        fate: "environment",
        because: "several join it",
      },
    ]);

    // All that goes in comes out, or is named.
    const lost = projects
      .filter(({ imported }: { imported: boolean }) => imported)
      .map(({ folder, in: before, out, leftOut }: Counted) => ({
        folder,
        lost: before.services - leftOut.length - out.services,
        ports: before.ports - out.ports,
        others: before.volumes + before.networks - out.volumes - out.networks,
      }))
      .filter(
        (each: Record<string, number>) => each["lost"] !== 0 || each["ports"] !== 0 || each["others"] !== 0,
      );
    expect(lost).toEqual([]);
    const tools = projects.find(({ folder }: { folder: string }) => folder === "apps/tools");
    expect(tools).toMatchObject({ in: { services: 3 }, out: { services: 2 } });
    expect(tools.leftOut).toEqual([{ what: "service debug", because: expect.stringContaining("debug") }]);

    const wrote = await runKeelson(["import", "--node", "box", "--write"], options);
    expect([wrote.exitCode, wrote.stderr]).toEqual([0, ""]);
    expect(wrote.stdout).toContain(`${projects.length} projects found`);
    expect(wrote.stdout).toContain("images: {");
    expect(wrote.stdout).toContain(
      "2 of 3 services\n          without service debug: its profile debug is not on",
    );
    expect(wrote.stdout).toContain("  media  /srv/host/media  apps/jellyfin (read-only), apps/vpn\n");
    expect(wrote.stdout).toContain("38 services in, 35 out; 10 volumes in, 10 out; 6 networks in, 6 out;");
    const check = await runKeelson(["check"], options);
    expect([check.exitCode, check.stderr.includes("error[")]).toEqual([0, false]);

    // A proposal of what is there already says so, and not that it can be written.
    const repeated = await runKeelson(["import", "--node", "box"], options);
    expect(repeated.stdout).toContain(`# ${path}, which is there already and is not changed`);
    expect(repeated.stdout).not.toContain("--write");

    const text: string = documents[path];
    const ports = wireDesired({ composeBinary: await findCompose(), emit: () => {} });
    const attributes = await readOuterAttributes(repository.path);
    const accepted: string[] = [];
    let tried = 0;
    for (const mutant of mutants(text)) {
      await repository.write({ [path]: mutant.text });
      const { problems } = await checkRevision(await readWorkTree(repository.path), { ...ports, attributes });
      if (problems.length === 0) accepted.push(mutant.without);
      tried += 1;
    }
    expect(tried).toBeGreaterThan(20);
    expect(accepted).toEqual([]);

    // What is there stays as it is.
    const again = await runKeelson(["import", "--node", "other", "--write"], options);
    expect([again.exitCode, again.stderr.includes("K9093")]).toEqual([1, true]);
  },
);
