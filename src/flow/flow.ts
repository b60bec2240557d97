// The maker of flows.
import type { Json } from '../kernel/json.ts'
import type { Flow } from './port.ts'

/**
 * Makes a flow that uses the given rooms: `flow<Rooms>()({ name, version, input, run })`. Two calls, so that the rooms
 * are named and the types of input and output are still inferred. Throws an Error if the name or the version cannot be
 * one.
 */
export function flow<Rooms>() {
  return <Input extends Json, Output extends Json>(
    definition: Flow<Rooms, Input, Output>,
  ): Flow<Rooms, Input, Output> => {
    const { name, version } = definition
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(name))
      throw new Error(`"${name}" cannot be a flow's name: use a-z, 0-9, _ and -`)
    if (!Number.isSafeInteger(version) || version < 1)
      throw new Error(`flow ${name}: version ${version} is not 1, 2, 3, …`)
    return definition
  }
}
