import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";

import { checkout, findFreePort, makeTempFolder, outputOf, runProgram, waitFor } from "@keelson/test/support";

/** An sshd on a free port of 127.0.0.1 that lets in one key, as the user who runs the tests. */
export interface SshServer extends AsyncDisposable {
  port: number;
  user: string;
  /** The private key that is let in. */
  identityFile: string;
  /** Knows the server. */
  knownHostsFile: string;
}

/** Debian's own sshd, unpacked privately where the machine has none: it is never installed. */
async function findSshd(): Promise<{ file: string; env: NodeJS.ProcessEnv }> {
  if (existsSync("/usr/sbin/sshd")) return { file: "/usr/sbin/sshd", env: {} };
  const folder = join(checkout, ".keelson", "sshd");
  const file = join(folder, "usr/sbin/sshd");
  if (!existsSync(file)) {
    const suite = await outputOf(["sh", "-c", '. /etc/os-release && printf %s "$VERSION_CODENAME"']);
    const fetch = join(checkout, "script", "fetch-debs");
    await outputOf([fetch, "--alone", suite, folder, "openssh-server", "libwrap0"]);
  }
  const machine = (await outputOf(["uname", "-m"])).trim();
  return { file, env: { LD_LIBRARY_PATH: join(folder, "usr/lib", `${machine}-linux-gnu`) } };
}

/** For root, sshd wants a user and a folder of its own: it gets them in a mount namespace, and the machine none. */
const asRoot = `
  mount --bind "$1" /etc/passwd && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && shift && exec "$@"`;

export async function startSshServer(): Promise<SshServer> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder("keelson-ssh-"));
  const { username, uid } = userInfo();
  const port = await findFreePort();
  for (const name of ["host", "login"]) {
    await outputOf(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.join(name)]);
  }
  await writeFile(folder.join("authorized_keys"), await readFile(folder.join("login.pub")));
  const hostKey = await readFile(folder.join("host.pub"), "utf8");
  await writeFile(folder.join("known_hosts"), `[127.0.0.1]:${port} ${hostKey}`);
  await writeFile(
    folder.join("sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${folder.join("host")}`,
      `AuthorizedKeysFile ${folder.join("authorized_keys")}`,
      "StrictModes no",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      "PidFile none",
      "LogLevel VERBOSE",
      "",
    ].join("\n"),
  );
  const { file, env } = await findSshd();
  const command = [file, "-D", "-e", "-f", folder.join("sshd_config")];
  if (uid === 0) {
    const users = await readFile("/etc/passwd", "utf8");
    const own = /^sshd:/m.test(users) ? "" : "sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin\n";
    await writeFile(folder.join("passwd"), `${users}${own}`);
    const wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", asRoot, "sh"];
    command.unshift(...wrapper, folder.join("passwd"));
  }
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString("utf8")));
  stack.defer(async () => {
    const ended = new Promise((resolve) => child.once("close", resolve));
    if (child.exitCode === null && child.kill()) await ended;
  });
  const answers = async () =>
    (await runProgram(["ssh-keyscan", "-p", `${port}`, "127.0.0.1"])).stdout.includes("ssh-ed25519");
  await waitFor(answers, { what: `sshd: ${log}` });
  const cleanUp = stack.move();
  return {
    port,
    user: username,
    identityFile: folder.join("login"),
    knownHostsFile: folder.join("known_hosts"),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}
