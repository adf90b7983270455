import { hash } from 'node:crypto';
import { addMoney, moneyOf } from '#libs/contracts';
import type { DepsAccount } from './deps-account.js';
import type { Block, DepsProduct } from './deps-settings.js';

const OWING = ['ABERTO', 'PARCIAL'];

export interface AskedCredit {
  historicoConsultaId: string;
  dataConsulta: string;
  documento: string;
  product: DepsProduct;
  account: DepsAccount;
}

/** 0 to 999, the same for the same document for ever. */
export function scoreOf(documento: string): number {
  return hash('sha256', `deps/score/${documento}`, 'buffer').readUInt32BE() % 1000;
}

/** What the credit policy makes of the score: 600 and more → ten times as much in R$, 300 and more → four times. */
export function verdictOf(documento: string) {
  const score = scoreOf(documento);
  if (score >= 600) return { situacao: 'APROVADO', limiteSugerido: moneyOf(BigInt(score) * 1000n) };
  if (score >= 300) return { situacao: 'ANALISAR', limiteSugerido: moneyOf(BigInt(score) * 400n) };
  return { situacao: 'REPROVADO', limiteSugerido: '0.00' };
}

/** Their answer to a query; blocks the product has not are null. */
export function toCreditAnswer({ historicoConsultaId, dataConsulta, documento, product, account }: AskedCredit) {
  const withBlock = <T>(block: Block, made: () => T): T | null => (product.blocos.includes(block) ? made() : null);
  return [
    {
      mix: {
        historicoConsultaId,
        dataConsulta,
        versao: 'v3',
        produto: product.nome,
        isParcial: false,
        linkCompartilhamento: `https://portal.deps.example/compartilhado/${historicoConsultaId}`,
        cadastro: { documento, tipoPessoa: product.tipoPessoa, situacao: 'ATIVA' },
        score: withBlock('score', () => ({ pontuacao: scoreOf(documento) })),
        contasReceberInterno: withBlock('contasReceberInterno', () => owedBy(documento, account)),
        scr: withBlock('scr', () => ({ instituicoes: scoreOf(documento) % 5 })),
        smart: withBlock('smart', () => verdictOf(documento)),
      },
    },
  ];
}

/** As the customer's own batches told it until now. */
function owedBy(documento: string, { titles }: DepsAccount) {
  const open = [...titles.values()].filter(
    ({ documentoCliente, situacao }) => documentoCliente === documento && OWING.includes(situacao),
  );
  return { titulos: open.length, valorAberto: addMoney('0.00', ...open.map(({ valorAberto }) => valorAberto)) };
}
