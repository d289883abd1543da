import { ageKeyPath, makeRecipient, readAgentConfig } from "@keelson/node";

/** Prints `age1…`, for keys.age in the node's file. Throws what agent.yaml and the key's file throw. */
export async function identity(configFile: string): Promise<0> {
  process.stdout.write(`${await makeRecipient(ageKeyPath(readAgentConfig(configFile)))}\n`);
  return 0;
}
