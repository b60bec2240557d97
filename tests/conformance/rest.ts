// MLflow's interface asked plainly, as no client of MLflow does: for tests that look at what servers answer.

/** Asks once. Throws with the answer for any status but a success. */
export async function ask(address: string, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${address}/api/2.0/mlflow/${path}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return JSON.parse(text)
}
