import { spawn } from "node:child_process";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

import type { NotifySetting } from "./round-summary.ts";

/** Of one attempt. */
const timeoutMs = 30_000;

/** Sends a text. Throws an error with what is known of the failure; neither a login nor a path of the URL stands in it. */
export type Send = (text: string, signal: AbortSignal) => Promise<void>;

/** Runs a program with the text as its input. It must exit with 0 within 30 s; else its process group is killed. */
export function newCommandSender(command: NonNullable<NotifySetting["command"]>): Send {
  return async (text, signal) => {
    const [program = "", ...args] = command;
    const { PATH, HOME } = process.env;
    const child = spawn(program, args, {
      // A group of its own, so that whatever it started ends with it.
      detached: true,
      env: { PATH, HOME },
      stdio: ["pipe", "ignore", "ignore"],
    });
    const over = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const end = () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        killGroup(child.pid);
    };
    over.addEventListener("abort", end, { once: true });
    // A program that reads nothing has its exit code to say so.
    child.stdin.on("error", () => {});
    child.stdin.end(text);
    try {
      await new Promise<void>((resolve, reject) => {
        child.once("error", (error) => reject(new Error(`${program} cannot be started`, { cause: error })));
        child.once("exit", (code, by) => {
          if (code === 0) resolve();
          else if (over.aborted) reject(new Error(`${program} did not end within ${timeoutMs / 1_000} s`));
          else reject(new Error(`${program} ended with ${code ?? by ?? "nothing"}`));
        });
      });
    } finally {
      over.removeEventListener("abort", end);
    }
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It ended by itself in between.
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ESRCH") throw error;
  }
}

/** The status code decides; nobody reads what comes with it. */
const mostAnswerBytes = 64 * 1024;

/** Posts the text as JSON. Any answer but a 2xx within 30 s is a failure; redirects are not followed. */
export function newWebhookSender({
  url,
  authorization,
  isUnreadable,
}: NonNullable<NotifySetting["webhook"]>): Send {
  return async (text, signal) => {
    const { origin, protocol } = new URL(url);
    if (isUnreadable) throw new Error(`the credential for ${origin} cannot be read`);
    const send = protocol === "https:" ? requestHttps : requestHttp;
    const status = await new Promise<number>((resolve, reject) => {
      const request = send(url, {
        method: "POST",
        // Between two notifications hours may pass.
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
          ...(authorization === null ? {} : { authorization }),
        },
      });
      request.once("response", (response) => {
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          length += chunk.length;
          if (length > mostAnswerBytes) response.destroy();
        });
        response.once("error", () => {});
        response.once("close", () => resolve(response.statusCode ?? 0));
      });
      request.once("error", (error) => reject(new Error(`${origin} does not answer`, { cause: error })));
      request.end(text);
    });
    if (status < 200 || status > 299) throw new Error(`${origin} answered with ${status}`);
  };
}
