import type {
  CreditAnalysisAnswered,
  CreditAnalysisCompleted,
  CreditAnalysisViewed,
  CreditLimitDecided,
} from './credit-outcomes.js';
import type { IntegrationRef } from './outcome-parts.js';

const INTEGRATION: IntegrationRef = {
  id: '9',
  name: 'DEPS da filial Manaus',
  source: '/erp/demo',
  company: '1',
  branch: '3',
};

const ANALYSIS_ID = '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0991';

const REQUEST = {
  requestId: '991',
  integration: INTEGRATION,
  customerId: '9017',
  maskedDocument: '12.ABC.345/****-**',
  product: 'd002e4c6',
  requestedBy: 'carla.credito',
};

const COMPLETED: CreditAnalysisCompleted = {
  ...REQUEST,
  analysisId: ANALYSIS_ID,
  joinedRequestIds: ['992'],
  reference: '81f2c0aa',
  score: '712',
  situation: 'APROVADO',
  suggestedLimit: '1500.00',
  link: 'https://portal.deps.com.br/c/81f2c0aa',
  analyzedAt: '2026-07-08T16:05:04Z',
  cost: '7.50',
};

const ANSWERED: CreditAnalysisAnswered = {
  ...REQUEST,
  requestId: '993',
  code: 'recent',
  text: 'há uma consulta recente / there is a recent analysis',
  last: {
    analysisId: ANALYSIS_ID,
    product: 'd002e4c6',
    requestedAt: '2026-07-08T16:05:00Z',
    analyzedAt: '2026-07-08T16:05:04Z',
  },
  cost: '7.50',
  budgetLeft: '92.50',
  occurredAt: '2026-07-20T18:00:04.120Z',
};

const VIEWED: CreditAnalysisViewed = {
  source: '/erp/demo',
  analysisIds: [ANALYSIS_ID],
  maskedDocument: '12.ABC.345/****-**',
  personToken: '8f2d61c09b7a4e35a1d0c6f7e2b49318',
  viewedBy: 'carla.credito',
  viewedAt: '2026-07-20T18:00:04.120Z',
};

const DECIDED: CreditLimitDecided = {
  analysisId: ANALYSIS_ID,
  decisionId: '0196f0c2-1a2b-7c3d-8e4f-5a6b7c8d0a01',
  integration: INTEGRATION,
  customerId: '9017',
  maskedDocument: '12.ABC.345/****-**',
  kind: 'changed',
  from: { situation: 'under-analysis', limit: '0.00' },
  to: { situation: 'APROVADO', limit: '1000.00' },
  decidedBy: 'carla.credito',
  decidedAt: '2026-07-08T17:10:00Z',
};

export const CREDIT_SAMPLES = {
  'credit-analysis.completed.v1': COMPLETED,
  'credit-analysis.answered.v1': ANSWERED,
  'credit-analysis.viewed.v1': VIEWED,
  'credit-limit.decided.v1': DECIDED,
};
