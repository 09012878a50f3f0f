import { answerLease } from '@/lib/publish/control'

export const dynamic = 'force-dynamic'
export const POST = answerLease
