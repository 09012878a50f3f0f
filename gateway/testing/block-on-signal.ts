/** Loaded into a gateway by a test (`--import`): SIGUSR2 makes its event loop stand still for `TEST_BLOCK_MS`. */
const blockMs = Number(process.env.TEST_BLOCK_MS)

process.on('SIGUSR2', () => {
  const end = performance.now() + blockMs
  while (performance.now() < end);
})
