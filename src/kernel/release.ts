// Gives memory back at once. The buffers of a large transfer lie outside the heap, and the collector, which runs when many of them have
// gathered, then costs more than the transfer itself.

/** Gives back the memory of bytes that nobody will read again; they are empty from then on. A view of a part of a buffer stays as it is. */
export function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
