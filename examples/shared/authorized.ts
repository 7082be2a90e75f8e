/** Who may use the routes of an example: whoever knows one secret. Put your own sign-in here; the routes make repos and give out tokens. */

/** Whether a request carries the secret as `Authorization: Bearer`. Without a secret nobody is let in. */
export async function isAuthorized(request: Request, secret: string | undefined): Promise<boolean> {
  if (secret === undefined || secret === "") return false;
  const given = request.headers.get("Authorization") ?? "";
  // Digests are of one length, and comparing them takes the same time whatever was sent.
  const [ofGiven, ofWanted] = await Promise.all([digest(given), digest(`Bearer ${secret}`)]);
  return crypto.subtle.timingSafeEqual(ofGiven, ofWanted);
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}

export function unauthorized(): Response {
  return Response.json({ message: "Send the secret as Authorization: Bearer." }, { status: 401, headers: { "WWW-Authenticate": "Bearer" } });
}
