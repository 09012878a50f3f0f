import NextAuth from 'next-auth'
import { authOptions } from '@/lib/server/auth'

export const dynamic = 'force-dynamic'

// At the first request, not when the module loads: a build has no environment.
const handle = (request: Request, context: { params: Promise<{ nextauth: string[] }> }): Promise<Response> =>
  NextAuth(request as never, context as never, authOptions()) as Promise<Response>

export { handle as GET, handle as POST }
