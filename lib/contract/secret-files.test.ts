import { expect, test } from 'vitest'
import { SECRET_VARIABLES, withSecretFiles } from './secret-files.ts'

const never = () => {
  throw new Error('nothing is to be read')
}

test('each secret may come from a file, without the line end that editors add, and its name is gone then', () => {
  for (const name of SECRET_VARIABLES) {
    const env = withSecretFiles(
      { [`${name}_FILE`]: '/run/secrets/x', PORT: '3000' },
      (file) => `${file}!\r\n`,
    )
    expect(env).toEqual({ [name]: '/run/secrets/x!', PORT: '3000' })
  }
})

test('without such names the environment is as it was; an empty name counts as absent', () => {
  expect(withSecretFiles({ GATEHOUSE_SECRET: 'a', GATEHOUSE_SECRET_FILE: '' }, never)).toEqual({
    GATEHOUSE_SECRET: 'a',
  })
  expect(withSecretFiles({ PORT_FILE: '/run/port' }, never)).toEqual({ PORT_FILE: '/run/port' })
})

test('a secret given twice, an unreadable file and an empty one are one sentence each, without the secret', () => {
  expect(() => withSecretFiles({ DATABASE_URL: 'hunter2', DATABASE_URL_FILE: '/x' }, never)).toThrow(
    /^DATABASE_URL and DATABASE_URL_FILE are both set: keep one of them\.$/,
  )
  const missing = () => {
    throw Object.assign(new Error('no'), { code: 'ENOENT' })
  }
  expect(() => withSecretFiles({ GATEHOUSE_SECRET_FILE: '/run/secrets/x' }, missing)).toThrow(
    /^GATEHOUSE_SECRET_FILE names \/run\/secrets\/x, which cannot be read \(ENOENT\)\.$/,
  )
  expect(() => withSecretFiles({ GATEHOUSE_SECRET_FILE: '/run/secrets/x' }, () => ' \n')).toThrow(
    'GATEHOUSE_SECRET_FILE names /run/secrets/x, which is empty.',
  )
})
