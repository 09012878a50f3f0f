import { expect, test } from 'vitest'
import { isConsoleOrigin } from './own-origin'

test('is the console’s own origin, on one machine by any name of it', () => {
  expect(isConsoleOrigin('https://gatehouse.example', 'https://gatehouse.example/path')).toBe(true)
  expect(isConsoleOrigin('http://localhost:3000', 'http://127.0.0.1:3000')).toBe(true)
  expect(isConsoleOrigin('http://[::1]:3000', 'http://localhost:3000')).toBe(true)
  for (const other of ['http://localhost:3001', 'https://localhost:3000', 'http://192.168.0.9:3000'])
    expect(isConsoleOrigin(other, 'http://127.0.0.1:3000')).toBe(false)
  expect(isConsoleOrigin('http://localhost:3000', 'http://gatehouse.example:3000')).toBe(false)
})
