// Logits of llama.cpp after each of some tokens: llama-logits FILE.gguf ID… writes 32-bit floats,
// a row of the vocabulary's size for each token. Built by scripts/bench-rounding.
#include <cstdio>
#include <cstdlib>

#include "llama.h"

int main(int count, char ** words) {
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    const int tokens = count - 2;
    llama_model * model = llama_model_load_from_file(words[1], llama_model_default_params());
    if (!model || tokens < 1) return 1;
    llama_context_params wanted = llama_context_default_params();
    wanted.n_ctx = tokens + 8;
    wanted.n_batch = wanted.n_ubatch = tokens;
    llama_context * context = llama_init_from_model(model, wanted);
    if (!context) return 2;
    llama_batch batch = llama_batch_init(tokens, 0, 1);
    for (int place = 0; place < tokens; place++) {
        batch.token[place] = atoi(words[place + 2]);
        batch.pos[place] = place;
        batch.n_seq_id[place] = 1;
        batch.seq_id[place][0] = 0;
        batch.logits[place] = 1;
    }
    batch.n_tokens = tokens;
    if (llama_decode(context, batch) != 0) return 3;
    const int size = llama_vocab_n_tokens(llama_model_get_vocab(model));
    for (int place = 0; place < tokens; place++) {
        fwrite(llama_get_logits_ith(context, place), sizeof(float), size, stdout);
    }
    return 0;
}
