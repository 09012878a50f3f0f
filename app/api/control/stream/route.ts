import { answerStream } from '@/lib/publish/control'

export const dynamic = 'force-dynamic'
export const GET = answerStream
