const standardConfigPath = "/etc/keelson/agent.yaml";

/** agent.yaml where no option names one. A variable that is set and empty names none. */
export const defaultConfigPath = process.env["KEELSON_CONFIG"] || standardConfigPath;
export const configDefault = `KEELSON_CONFIG, or ${standardConfigPath}`;
