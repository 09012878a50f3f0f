import { answerSimulation } from '@/lib/publish/control'

export const dynamic = 'force-dynamic'
export const POST = answerSimulation
