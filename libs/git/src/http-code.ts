/** What can go wrong between this machine and a server; docs/errors.md explains the codes. */
export type HttpFailureCode = "K2001" | "K2002" | "K2003" | "K2005" | "K2009";

/** The code for an answer other than 200 (RFC 9110; gitprotocol-http(5) for 404). Loads nothing. */
export function codeOfStatus(status: number): HttpFailureCode {
  if ([401, 403, 407].includes(status)) return "K2002";
  if ([404, 410].includes(status)) return "K2003";
  if ([408, 504].includes(status)) return "K2005";
  return "K2009";
}

/** The code for an error of Node's network (nodejs.org/api/errors.html). Loads nothing. */
export function codeOfNetworkError(code: string): HttpFailureCode {
  if (["ETIMEDOUT", "ERR_SOCKET_CONNECTION_TIMEOUT"].includes(code)) return "K2005";
  return code.startsWith("HPE_") ? "K2009" : "K2001";
}
