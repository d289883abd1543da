import { expect, it } from "vitest";

import { makeGitRepository, runKeelson } from "../../support/index.ts";

const files = {
  ".gitignore": ".env\napp.env\n",
  "apps/wiki/compose.yaml":
    'services:\n  db:\n    image: db:1\n    environment: { P: "${DB_PASSWORD}", Q: "${DB_PASSWORD}" }\n',
  "apps/mail/compose.yaml": "services:\n  mail:\n    image: mail:1\n    env_file: app.env\n",
  "environments/home/environment.yaml":
    "name: home\ninstances:\n  wiki: { package: ./apps/wiki }\n  mail: { package: ./apps/mail }\n",
  "environments/home/nodes/box.yaml": "name: box\n",
};
const said = {
  K1408:
    "app.env is not a file of the repository at this commit, and not rendered either; apps/mail/app.env is here, but not in Git (.gitignore)",
  K1411: "the variable DB_PASSWORD is not declared; apps/wiki/.env is here, but not in Git (.gitignore)",
};

it("a file of variables that Git ignores must be named as the reason, with the ways on, and only where it is", async () => {
  await using repository = await makeGitRepository();
  await repository.commit({ files });
  const options = { cwd: repository.path };
  const checked = async (...args: string[]) => {
    const { stdout } = await runKeelson(["check", "--json", ...args], options);
    const { problems } = JSON.parse(stdout);
    return problems.map(({ code, message, hint }: Record<string, string>) => ({ code, message, hint }));
  };
  const without = await checked();
  expect(without.map(({ message }: { message: string }) => message)).toEqual([
    "app.env is not a file of the repository at this commit, and not rendered either",
    "the variable DB_PASSWORD is not declared",
  ]);
  await repository.write({ "apps/wiki/.env": "DB_PASSWORD=1\n", "apps/mail/app.env": "A=1\n" });
  expect(await checked("--revision", "HEAD")).toEqual(without);
  const hint = (file: string) =>
    `Take it out of .gitignore and commit it. If it holds secrets, encrypt it before the commit: mv ${file} ~/plain.env && keelson secrets seal ~/plain.env --only NAMES --output ${file}; for a repository without an environment yet, keelson import --write --seal does it.`;
  expect(await checked()).toEqual([
    { code: "K1408", message: said.K1408, hint: hint("apps/mail/app.env") },
    { code: "K1411", message: said.K1411, hint: hint("apps/wiki/.env") },
  ]);
  // An import tells the same; neither tells more of a problem than a user sees.
  const imported = await runKeelson(["import", "--json", "-e", "new", "-n", "box"], options);
  const { projects } = JSON.parse(imported.stdout);
  const problems = projects.flatMap((each: { problems: object[] }) => each.problems);
  expect(problems).toMatchObject([
    { code: "K1408", message: said.K1408 },
    { code: "K1411", message: said.K1411 },
  ]);
  for (const problem of problems) expect(problem).not.toHaveProperty("seeks");
});
