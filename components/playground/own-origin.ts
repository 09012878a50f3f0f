const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

/** Whether the gateway lets pages of this origin call it: that of the console's address, on one machine by any name. */
export function isConsoleOrigin(origin: string, adminUrl: string): boolean {
  const [here, console] = [new URL(origin), new URL(adminUrl)].map(({ protocol, hostname, port }) =>
    [protocol, LOOPBACK.includes(hostname) ? 'loopback' : hostname, port].join(' '),
  )
  return here === console
}
