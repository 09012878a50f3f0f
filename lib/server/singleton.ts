/**
 * One value for the whole process. Next bundles instrumentation and routes apart, so a module-level variable exists
 * once in each; a value that both must share (a pool, a set of listeners) lives on globalThis.
 */
export function singleton<T>(name: string, make: () => T): T {
  const key = Symbol.for(`gatehouse.${name}`)
  const holder = globalThis as unknown as Record<symbol, { value: T } | undefined>
  const held = holder[key]
  if (held) return held.value
  const value = make()
  holder[key] = { value }
  return value
}

/**
 * An object that is made at its first use and is one for the process. A build evaluates server modules without their
 * environment, so nothing may be read or opened when a module loads.
 */
export function lazySingleton<T extends object>(name: string, make: () => T): T {
  return new Proxy({} as T, {
    get(_, property) {
      const target = singleton(name, make)
      const value = Reflect.get(target, property, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
    has: (_, property) => Reflect.has(singleton(name, make), property),
  })
}
