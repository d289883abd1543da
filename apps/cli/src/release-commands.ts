import { Command, Option } from "commander";

import { addRepositoryOption } from "./node-options.ts";

export function digestCommand(): Command {
  return new Command("digest")
    .description("print the digest of a folder, as `nix hash path` does")
    .argument("<dir>");
}

export function packCommand(): Command {
  return new Command("pack")
    .description("write the archive of a release, and print its digest")
    .argument("<dir>")
    .option("--output <file>", "the archive (default: NAME-VERSION.nar in the working directory)");
}

export function verifyCommand(): Command {
  const command = new Command("verify")
    .description("compare a release with what was locked, or with another one")
    .argument("<dir-or-archive>");
  return addRepositoryOption(command).option(
    "--against <file>",
    "a folder, an archive, or `lock`: the locks of the state repository",
    "lock",
  );
}

export function diffCommand(): Command {
  const command = new Command("diff")
    .description(
      "say what two releases have differently: images, grants, interfaces, data, settings and files",
    )
    .argument("<before>", "NAME@VERSION")
    .argument("<after>", "NAME@VERSION, or the VERSION alone");
  return addRepositoryOption(command)
    .addOption(
      new Option("--format <form>", "for a terminal or a pull request")
        .choices(["text", "markdown"])
        .default("text"),
    )
    .option("--exit-code", "exit with 3 when they differ");
}

export function publishCommand(): Command {
  const command = new Command("publish")
    .description("commit a release and make its tag; what is published never changes")
    .argument("<release>", "NAME@VERSION");
  return addRepositoryOption(command).option(
    "--sign",
    "sign the tag with your key, as `git tag --sign` does",
  );
}

export function newCommand(): Command {
  const command = new Command("new")
    .description(
      "begin a release: a copy of another version, or a small one that runs; nothing that is there is changed",
    )
    .argument("<release>", "NAME@VERSION");
  return addRepositoryOption(command).option(
    "--from <version>",
    "the version to copy (default: the highest there is)",
  );
}

export function lockImagesCommand(): Command {
  const command = new Command("lock")
    .description(
      "write which digests the tags of images name now, by their registries, into images.lock.yaml",
    )
    .argument(
      "[package...]",
      "NAME@VERSION or NAME of a release, or ./DIR of a local package (default: of each release the highest version that is not published, and local packages with an images.lock.yaml)",
    );
  return addRepositoryOption(command);
}

export function listCommand(): Command {
  return addRepositoryOption(
    new Command("list").description("list the releases, which are published, and who has locked them"),
  );
}
