/** Of the CLI and the agent: they are released together. */
export const version = "0.1.0";
