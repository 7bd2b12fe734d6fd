#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int kws_ref_model_invoke(void*);int main(){char*a=malloc(16000);for(;;){memset(a,0xa5,16000);if(fread(a+8000,1,490,stdin)!=490)return 0;kws_ref_model_invoke(a);fwrite(a+12,1,12,stdout);}}