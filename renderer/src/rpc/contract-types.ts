/** @file Names for answers of the contract that it has no type of its own for. */
import type { ContractClient } from '../../../shared/contract/index.ts';

export type CaseRow = Awaited<ReturnType<ContractClient['evaluation']['cases']>>[number];
export type DoctorReport = Awaited<ReturnType<ContractClient['system']['doctor']>>;
export type PresetCard = Awaited<ReturnType<ContractClient['training']['presets']>>[number];
