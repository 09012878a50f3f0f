import { createApi } from '@/lib/api/execute'
import { operations } from '@/lib/resources/registry'

export const dynamic = 'force-dynamic'

const handle = createApi(operations)

export {
  handle as DELETE,
  handle as GET,
  handle as HEAD,
  handle as OPTIONS,
  handle as PATCH,
  handle as POST,
  handle as PUT,
}
