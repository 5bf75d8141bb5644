//! The decoder once more, as plainly as it can be written: 64-bit floats, one token after another,
//! nothing shared with the code it checks.

use super::kit::MadeUp;

/// Logits after each of these tokens at the wanted positions.
pub(super) fn logits(model: &MadeUp, ids: &[u32], wanted: &[usize]) -> Vec<Vec<f64>> {
    let spec = &model.spec;
    let weight = |name: &str| model.floats.get(name).expect("a tensor of this name").as_slice();
    let width = spec.width;
    let table = weight("token_embd.weight");
    let mut states: Vec<Vec<f64>> = ids
        .iter()
        .map(|&id| widened(&table[id as usize * width..(id as usize + 1) * width]))
        .collect();
    for layer in 0..spec.layers {
        let name = |part: &str| format!("blk.{layer}.{part}.weight");
        let bias = |part: &str| model.floats.get(&format!("blk.{layer}.{part}.bias"));
        let project = |state: &[f64], part: &str| {
            let mut row = times(weight(&name(part)), state);
            if let Some(bias) = bias(part) {
                row.iter_mut().zip(bias).for_each(|(value, bias)| *value += f64::from(*bias));
            }
            row
        };
        let rotates = spec.family != "smollm3" || layer % 4 != 3;
        let (mut keys, mut values): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for (position, state) in states.iter_mut().enumerate() {
            let normed = norm(state, weight(&name("attn_norm")));
            let mut query = project(&normed, "attn_q");
            let mut key = project(&normed, "attn_k");
            for (row, part) in [(&mut query, "attn_q_norm"), (&mut key, "attn_k_norm")] {
                for head in row.chunks_mut(spec.head_width) {
                    if spec.family == "qwen3" {
                        let normed = norm(head, weight(&name(part)));
                        head.copy_from_slice(&normed);
                    }
                    if rotates {
                        rotate(model, head, position);
                    }
                }
            }
            keys.push(key);
            values.push(project(&normed, "attn_v"));
            let found = attend(model, &query, &keys, &values);
            let mixed = times(weight(&name("attn_output")), &found);
            state.iter_mut().zip(mixed).for_each(|(state, mixed)| *state += mixed);
            let normed = norm(state, weight(&name("ffn_norm")));
            let gate = times(weight(&name("ffn_gate")), &normed);
            let up = times(weight(&name("ffn_up")), &normed);
            let fed: Vec<f64> =
                gate.iter().zip(up).map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up).collect();
            let fed = times(weight(&name("ffn_down")), &fed);
            state.iter_mut().zip(fed).for_each(|(state, fed)| *state += fed);
        }
    }
    let head = if spec.own_head { "output.weight" } else { "token_embd.weight" };
    let last =
        |&place: &usize| times(weight(head), &norm(&states[place], weight("output_norm.weight")));
    wanted.iter().map(last).collect()
}

fn widened(row: &[f32]) -> Vec<f64> {
    row.iter().map(|&value| f64::from(value)).collect()
}

fn times(matrix: &[f32], state: &[f64]) -> Vec<f64> {
    let dot = |row: &[f32]| row.iter().zip(state).map(|(a, b)| f64::from(*a) * b).sum();
    matrix.chunks(state.len()).map(dot).collect()
}

fn norm(state: &[f64], weight: &[f32]) -> Vec<f64> {
    let square = state.iter().map(|value| value * value).sum::<f64>() / state.len() as f64;
    let scale = 1.0 / (square + 1e-6).sqrt();
    state.iter().zip(weight).map(|(value, weight)| value * scale * f64::from(*weight)).collect()
}

fn rotate(model: &MadeUp, head: &mut [f64], position: usize) {
    let half = head.len() / 2;
    let base = f64::from(model.spec.rope_base);
    for pair in 0..half {
        let mut angle = position as f64 / base.powf(2.0 * pair as f64 / head.len() as f64);
        if let Some(factor) = model.spec.rope_factors.get(pair) {
            angle /= f64::from(*factor);
        }
        let (one, two) = match model.spec.family {
            "llama" | "smollm3" => (2 * pair, 2 * pair + 1),
            _ => (pair, pair + half),
        };
        let (a, b) = (head[one], head[two]);
        head[one] = a * angle.cos() - b * angle.sin();
        head[two] = b * angle.cos() + a * angle.sin();
    }
}

fn attend(model: &MadeUp, query: &[f64], keys: &[Vec<f64>], values: &[Vec<f64>]) -> Vec<f64> {
    let spec = &model.spec;
    let mut out = Vec::new();
    for head in 0..spec.heads {
        let query = &query[head * spec.head_width..(head + 1) * spec.head_width];
        let start = head / (spec.heads / spec.key_heads) * spec.head_width;
        let part = |row: &Vec<f64>| row[start..start + spec.head_width].to_vec();
        let scores: Vec<f64> = keys
            .iter()
            .map(|key| {
                let dot: f64 = key[start..].iter().zip(query).map(|(a, b)| a * b).sum();
                (dot / (spec.head_width as f64).sqrt()).exp()
            })
            .collect();
        let total: f64 = scores.iter().sum();
        let mut sum = vec![0.0; spec.head_width];
        for (score, value) in scores.iter().zip(values) {
            for (sum, value) in sum.iter_mut().zip(part(value)) {
                *sum += score / total * value;
            }
        }
        out.extend(sum);
    }
    out
}
