import { expect, test } from 'vitest'
import { withBallast } from './ballast.ts'
import { collectingLog, memoryFs } from './journal-testing.ts'

const ENOSPC = Object.assign(new Error('no space'), { code: 'ENOSPC' })

test('a full disk gives the kept room to what is being written, and takes no new call until the room is back', () => {
  const disk = memoryFs()
  /** Bytes that are left beside what the files hold. */
  let free = 2_000_000
  const used = () => [...disk.files.values()].reduce((sum, content) => sum + content.length, 0)
  const bounded = {
    ...disk,
    writeSync: (...[fd, buffer, offset, length, position]: Parameters<typeof disk.writeSync>) => {
      if (used() + length > free) throw ENOSPC
      return disk.writeSync(fd, buffer, offset, length, position)
    },
  }
  let now = 0
  const { log, events } = collectingLog()
  const clock = { now: () => now, monotonic: () => now }
  const { fs, hasRoom } = withBallast(bounded, 'j', clock, log)
  expect(hasRoom()).toBe(true)
  const fd = fs.createSync('j/00000001.log')
  free = used()
  expect(fs.writeSync(fd, Buffer.from('settled'), 0, 7, 0)).toBe(7)
  expect(hasRoom()).toBe(false)
  now += 1_000
  expect(hasRoom()).toBe(false)
  free += 2_000_000
  now += 1_000
  expect(hasRoom()).toBe(true)
  expect(disk.files.get('j/00000001.log')?.toString()).toBe('settled')
  expect(events).toEqual(['journal.disk_full', 'journal.room_again'])
})
