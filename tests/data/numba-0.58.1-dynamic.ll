; Numba 0.58.1 @cfunc: raises with arguments that the element computes.
; ModuleID = 'dynamic'
source_filename = "<string>"
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-linux-gnu"

@_ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s = common local_unnamed_addr global i8* null
@.const.pickledata.140148538412352 = internal constant [7488 x i8] c"\80\04\955\1D\00\00\00\00\00\00\8C\08builtins\94\8C\0AValueError\94\93\94(\8C\08computed\94\8C\18llvmlite.ir.instructions\94\8C\09LoadInstr\94\93\94)\81\94}\94(\8C\06parent\94\8C\12llvmlite.ir.values\94\8C\05Block\94\93\94)\81\94}\94(h\09h\0A\8C\08Function\94\93\94)\81\94}\94(h\09\8C\12llvmlite.ir.module\94\8C\06Module\94\93\94)\81\94}\94(\8C\07context\94\8C\13llvmlite.ir.context\94\8C\07Context\94\93\94)\81\94}\94(\8C\05scope\94\8C\12llvmlite.ir._utils\94\8C\09NameScope\94\93\94)\81\94}\94(\8C\07_useset\94\8F\94(\8C\00\94\90\8C\0C_basenamemap\94\8C\0Bcollections\94\8C\0Bdefaultdict\94\93\94h\00\8C\03int\94\93\94\85\94R\94ub\8C\10identified_types\94}\94ub\8C\04name\94\8C\09dynamic$1\94\8C\0Bdata_layout\94\8CFe-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-f80:128-n8:16:32:64-S128\94h\1Eh!)\81\94}\94(h$\8F\94(h&\8Cb_ZN8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s\94\8Cl_ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s\94\90h'h*h,\85\94R\94ub\8C\06triple\94\8C\18x86_64-unknown-linux-gnu\94\8C\07globals\94h(\8C\0BOrderedDict\94\93\94)R\94(h9h\0A\8C\0EGlobalVariable\94\93\94)\81\94}\94(h\09h\16\8C\04type\94\8C\11llvmlite.ir.types\94\8C\0BPointerType\94\93\94)\81\94}\94(\8C\07pointee\94hI)\81\94}\94(hLhG\8C\07IntType\94\93\94K\08\85\94\81\94}\94(\8C\05width\94K\08\8C\17_StrCaching__cached_str\94\8C\02i8\94ub\8C\09addrspace\94K\00ubhWK\00ub\8C\05_name\94h9\8C\07linkage\94\8C\06common\94\8C\0Dstorage_class\94h&\8C\07section\94h&\8C\08metadata\94}\94\8C\0Avalue_type\94hM\8C\0Binitializer\94h\0A\8C\08Constant\94\93\94)\81\94}\94(hFhM\8C\08constant\94Nub\8C\0Cunnamed_addr\94\89\8C\0Fglobal_constant\94\89hWK\00\8C\05align\94Nubh8h\11uh]]\94\8C\0Dnamedmetadata\94}\94\8C\0E_metadatacache\94}\94\8C\16_PythonAPI__serialized\94}\94ubhFhI)\81\94}\94(hLhG\8C\0CFunctionType\94\93\94)\81\94}\94(\8C\0Breturn_type\94hPK \85\94\81\94}\94(hTK hU\8C\03i32\94ub\8C\04args\94(hI)\81\94}\94(hLhG\8C\0ADoubleType\94\93\94)\81\94hWK\00ubhI)\81\94}\94(hLhI)\81\94}\94(hLhG\8C\11LiteralStructType\94\93\94)\81\94}\94(\8C\08elements\94(hI)\81\94}\94(hLhRhWK\00hU\8C\03i8*\94ubhxh\8Ah\8Ahxt\94\8C\07_packed\94\89hU\8C\19{i8*, i32, i8*, i8*, i32}\94ubhWK\00hU\8C\1A{i8*, i32, i8*, i8*, i32}*\94ubhWK\00ubh\80hPK@\85\94\81\94}\94(hTK@hU\8C\03i64\94ubhRhxhG\8C\09FloatType\94\93\94)\81\94h\80h\80hPK\10\85\94\81\94}\94(hTK\10hU\8C\03i16\94ubt\94\8C\07var_arg\94\89ubhWK\00ubhXh8hYh&h[h&h\\h&h]}\94\8C\05ftype\94hth\1Eh!)\81\94}\94(h$\8F\94(h&\8C\03.41\94\8C\03.21\94\8C\07arg.f.1\94\8C\07arg.f.0\94\8C\03.27\94\8C\05arg.g\94\8C\02.3\94\8C\0Dinserted.real\94\8C\01g\94\8C\0Aentry.else\94\8C\05arg.e\94\8C\03.36\94\8C\03.29\94\8C\07excinfo\94\8C\0Eextracted.imag\94\8C\03.23\94\8C\03.24\94\8C\03.16\94\8C\05arg.c\94\8C\03.17\94\8C\03.20\94\8C\03.22\94\8C\03.40\94\8C\02.2\94\8C\03.43\94\8C\08entry.if\94\8C\03B16\94\8C\0Bentry.endif\94\8C\03.38\94\8C\03.19\94\8C\01b\94\8C\03.26\94\8C\06retptr\94\8C\05arg.b\94\8C\03.33\94\8C\0Eextracted.real\94\8C\02.1\94\8C\02.6\94\8C\02.4\94\8C\03.31\94\8C\10extracted.imag.1\94\8C\05entry\94\8C\0Dinserted.imag\94\8C\03B62\94\8C\03.25\94\8C\03.35\94\8C\03.12\94\8C\03.13\94\8C\03.18\94\8C\10extracted.real.1\94\8C\03.10\94\8C\02.5\94\8C\02.8\94\8C\02.7\94\8C\03.14\94\8C\02B0\94\8C\05arg.d\94\8C\03.15\94\8C\01c\94\8C\03.11\94\8C\05arg.a\94\8C\03.32\94\8C\01d\94\8C\03.30\94\8C\03.34\94\8C\03.44\94\8C\01e\94\8C\03.28\94\8C\01a\94\8C\02.9\94\8C\03.39\94\8C\01f\94\8C\03.42\94\8C\03.37\94\90h'h*h,\85\94R\94(h&K,\8C\0Eextracted.real\94K\01\8C\0Eextracted.imag\94K\01uub\8C\06blocks\94]\94(h\0C)\81\94}\94(h\09h\11hFhG\8C\09LabelType\94\93\94)\81\94hXh\CCh\1Eh\A0\8C\0Cinstructions\94]\94(h\04\8C\0BAllocaInstr\94\93\94)\81\94}\94(h\09h\F3hFhI)\81\94}\94(hLhPK\01\85\94\81\94}\94(hTK\01hU\8C\02i1\94ubhWK\00ubhXh\D1\8C\06opname\94\8C\06alloca\94\8C\08operands\94)\8C\05flags\94]\94h]}\94hhNubh\04\8C\0AStoreInstr\94\93\94)\81\94}\94(h\09h\F3hFhG\8C\08VoidType\94\93\94)\81\94hXh\D2j\04\01\00\00\8C\05store\94j\06\01\00\00]\94(hb)\81\94}\94(hFj\01\01\00\00heK\00ubh\FCej\07\01\00\00]\94h]}\94hhNubh\04\8C\09ICMPInstr\94\93\94)\81\94}\94(h\09h\F3hFj\01\01\00\00hXh\D9j\04\01\00\00\8C\04icmp\94j\06\01\00\00]\94(h\0A\8C\08Argument\94\93\94)\81\94}\94(h\09h\11hFhRhXh\B5\8C\0Aattributes\94h\0A\8C\12ArgumentAttributes\94\93\94]\94\85\94R\94}\94(\8C\06_align\94K\00\8C\10_dereferenceable\94K\00\8C\18_dereferenceable_or_null\94K\00ububhb)\81\94}\94(hFhRheK\00ubej\07\01\00\00]\94h]}\94\8C\02op\94\8C\02eq\94ubh\FB)\81\94}\94(h\09h\F3hFhI)\81\94}\94(hLh\80hWK\00ubhXh\E7j\04\01\00\00j\05\01\00\00j\06\01\00\00)j\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09h\F3hFj\0F\01\00\00)\81\94hXh\A4j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFh\80heNubj1\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\FB)\81\94}\94(h\09h\F3hFhI)\81\94}\94(hLh\92hWK\00ubhXh\C1j\04\01\00\00j\05\01\00\00j\06\01\00\00)j\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09h\F3hFj\0F\01\00\00)\81\94hXh\B2j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFh\92heK\00ubj?\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\FB)\81\94}\94(h\09h\F3hFhI)\81\94}\94(hLj\01\01\00\00hWK\00ubhXh\DDj\04\01\00\00j\05\01\00\00j\06\01\00\00)j\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09h\F3hFj\0F\01\00\00)\81\94hXh\CFj\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFj\01\01\00\00heK\00ubjM\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\FB)\81\94}\94(h\09h\F3hFhI)\81\94}\94(hLhxhWK\00ubhXh\E1j\04\01\00\00j\05\01\00\00j\06\01\00\00)j\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09h\F3hFj\0F\01\00\00)\81\94hXh\A7j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFhxheK\00ubj[\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\FB)\81\94}\94(h\09h\F3hFhI)\81\94}\94(hLh\97hWK\00ubhXh\E5j\04\01\00\00j\05\01\00\00j\06\01\00\00)j\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09h\F3hFj\0F\01\00\00)\81\94hXh\AFj\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFh\97heNubji\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\FB)\81\94}\94(h\09h\F3hFhI)\81\94}\94(hLh\86)\81\94}\94(h\89h\80h\80\86\94h\8E\89hU\8C\10{double, double}\94ubhWK\00ubhXh\EAj\04\01\00\00j\05\01\00\00j\06\01\00\00)j\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09h\F3hFj\0F\01\00\00)\81\94hXh\CAj\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFj{\01\00\00heNubjw\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\FB)\81\94}\94(h\09h\F3hFhI)\81\94}\94(hLh\99hWK\00ubhXh\ABj\04\01\00\00j\05\01\00\00j\06\01\00\00)j\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09h\F3hFj\0F\01\00\00)\81\94hXh\C5j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFh\99heK\00ubj\89\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\04\8C\11ConditionalBranch\94\93\94)\81\94}\94(h\09h\F3hFj\0F\01\00\00)\81\94hXh\DCj\04\01\00\00\8C\02br\94j\06\01\00\00]\94(j\19\01\00\00h\0C)\81\94}\94(h\09h\11hFh\F6)\81\94hXh\BCh\1Eh\A0h\F8]\94(j\0B\01\00\00)\81\94}\94(h\09j\9E\01\00\00hFj\0F\01\00\00)\81\94hXh\B4j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFj\01\01\00\00heK\00ubh\FCej\07\01\00\00]\94h]}\94hhNubh\04\8C\06Branch\94\93\94)\81\94}\94(h\09j\9E\01\00\00hFj\0F\01\00\00)\81\94hXh\B6j\04\01\00\00j\9C\01\00\00j\06\01\00\00]\94h\0C)\81\94}\94(h\09h\11hFh\F6)\81\94hXh\BEh\1Eh\A0h\F8]\94(h\06)\81\94}\94(h\09j\B0\01\00\00hFj\01\01\00\00hXh\B7j\04\01\00\00\8C\04load\94j\06\01\00\00]\94h\FCaj\07\01\00\00]\94h]}\94hhNubh\04\8C\0BInsertValue\94\93\94)\81\94}\94(h\09j\B0\01\00\00hFj{\01\00\00hXh\AAj\04\01\00\00\8C\0Binsertvalue\94j\06\01\00\00]\94(hb)\81\94}\94(hFj{\01\00\00heh\0A\8C\0A_Undefined\94\93\94)\81\94ubj\1E\01\00\00)\81\94}\94(h\09h\11hFh\80hXh\A6j!\01\00\00j#\01\00\00]\94\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububej\07\01\00\00]\94h]}\94\8C\09aggregate\94j\C0\01\00\00\8C\05value\94j\C5\01\00\00\8C\07indices\94]\94K\00aubj\BB\01\00\00)\81\94}\94(h\09j\B0\01\00\00hFj{\01\00\00hXh\CDj\04\01\00\00j\BE\01\00\00j\06\01\00\00]\94(j\BC\01\00\00j\1E\01\00\00)\81\94}\94(h\09h\11hFh\80hXh\A5j!\01\00\00j#\01\00\00]\94\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububej\07\01\00\00]\94h]}\94j\CD\01\00\00j\BC\01\00\00j\CE\01\00\00j\D4\01\00\00j\CF\01\00\00]\94K\01aube\8C\0Aterminator\94Nubaj\07\01\00\00]\94h]}\94ubej\DD\01\00\00j\AC\01\00\00ubh\0C)\81\94}\94(h\09h\11hFh\F6)\81\94hXh\ACh\1Eh\A0h\F8]\94(j\0B\01\00\00)\81\94}\94(h\09j\E0\01\00\00hFj\0F\01\00\00)\81\94hXh\D3j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(hb)\81\94}\94(hFj\01\01\00\00heK\01ubh\FCej\07\01\00\00]\94h]}\94hhNubj\AB\01\00\00)\81\94}\94(h\09j\E0\01\00\00hFj\0F\01\00\00)\81\94hXh\C0j\04\01\00\00j\9C\01\00\00j\06\01\00\00]\94j\B0\01\00\00aj\07\01\00\00]\94h]}\94ubej\DD\01\00\00j\EC\01\00\00ubej\07\01\00\00]\94h]}\94ubej\DD\01\00\00j\99\01\00\00ubj\9E\01\00\00j\E0\01\00\00j\B0\01\00\00h\0C)\81\94}\94(h\09h\11hFh\F6)\81\94hXh\DAh\1Eh\A0h\F8]\94(j\0B\01\00\00)\81\94}\94(h\09j\F4\01\00\00hFj\0F\01\00\00)\81\94hXh\B8j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(j\1E\01\00\00)\81\94}\94(h\09h\11hFh\80hXh\DFj!\01\00\00j#\01\00\00]\94\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububj1\01\00\00ej\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09j\F4\01\00\00hFj\0F\01\00\00)\81\94hXh\B3j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(j\1E\01\00\00)\81\94}\94(h\09h\11hFh\92hXh\C4j!\01\00\00j#\01\00\00]\94\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububj?\01\00\00ej\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09j\F4\01\00\00hFj\0F\01\00\00)\81\94hXh\C2j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(j\B4\01\00\00jM\01\00\00ej\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09j\F4\01\00\00hFj\0F\01\00\00)\81\94hXh\E6j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(j\1E\01\00\00)\81\94}\94(h\09h\11hFhxhXh\DBj!\01\00\00j#\01\00\00]\94\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububj[\01\00\00ej\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09j\F4\01\00\00hFj\0F\01\00\00)\81\94hXh\E2j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(j\1E\01\00\00)\81\94}\94(h\09h\11hFh\97hXh\ADj!\01\00\00j#\01\00\00]\94\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububji\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\04\8C\0CExtractValue\94\93\94)\81\94}\94(h\09j\F4\01\00\00hFh\80hXh\C6j\04\01\00\00\8C\0Cextractvalue\94j\06\01\00\00]\94j\D1\01\00\00aj\07\01\00\00]\94h]}\94j\CD\01\00\00j\D1\01\00\00j\CF\01\00\00]\94K\00aubj/\02\00\00)\81\94}\94(h\09j\F4\01\00\00hFh\80hXh\B1j\04\01\00\00j2\02\00\00j\06\01\00\00]\94j\D1\01\00\00aj\07\01\00\00]\94h]}\94j\CD\01\00\00j\D1\01\00\00j\CF\01\00\00]\94K\01aubj\0B\01\00\00)\81\94}\94(h\09j\F4\01\00\00hFj\0F\01\00\00)\81\94hXh\E0j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(j\D1\01\00\00jw\01\00\00ej\07\01\00\00]\94h]}\94hhNubj\0B\01\00\00)\81\94}\94(h\09j\F4\01\00\00hFj\0F\01\00\00)\81\94hXh\E3j\04\01\00\00j\11\01\00\00j\06\01\00\00]\94(j\1E\01\00\00)\81\94}\94(h\09h\11hFh\99hXh\A8j!\01\00\00j#\01\00\00]\94\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububj\89\01\00\00ej\07\01\00\00]\94h]}\94hhNubh\06)\81\94}\94(h\09j\F4\01\00\00hFh\80hXh\D0j\04\01\00\00j\B6\01\00\00j\06\01\00\00]\94j1\01\00\00aj\07\01\00\00]\94h]}\94hhNubh\04\8C\09FCMPInstr\94\93\94)\81\94}\94(h\09j\F4\01\00\00hFj\01\01\00\00hXh\AEj\04\01\00\00\8C\04fcmp\94j\06\01\00\00]\94(jO\02\00\00hb)\81\94}\94(hFh\80heG\00\00\00\00\00\00\00\00ubej\07\01\00\00]\94h]}\94j/\01\00\00\8C\03olt\94ubj\98\01\00\00)\81\94}\94(h\09j\F4\01\00\00hFj\0F\01\00\00)\81\94hXh\ECj\04\01\00\00j\9C\01\00\00j\06\01\00\00]\94(jV\02\00\00h\0Dh\0C)\81\94}\94(h\09h\11hFh\F6)\81\94hXh\CEh\1Eh\A0h\F8]\94j\DD\01\00\00Nubej\07\01\00\00]\94h]}\94ubej\DD\01\00\00j_\02\00\00ubh\0Djc\02\00\00ej!\01\00\00h\0A\8C\12FunctionAttributes\94\93\94]\94\85\94R\94}\94(\8C\0B_alignstack\94K\00\8C\0C_personality\94Nubh{(j\1E\01\00\00)\81\94}\94(h\09h\11hFh|hXh\C3j!\01\00\00j#\01\00\00]\94(\8C\07noalias\94\8C\09nocapture\94e\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububj\1E\01\00\00)\81\94}\94(h\09h\11hFh\81hXh\B0j!\01\00\00j#\01\00\00]\94(jt\02\00\00ju\02\00\00e\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ububj\FC\01\00\00j\08\02\00\00j\1F\01\00\00j\1A\02\00\00j&\02\00\00j\C5\01\00\00j\D4\01\00\00jG\02\00\00t\94\8C\0Creturn_value\94h\0A\8C\0BReturnValue\94\93\94)\81\94}\94(h\09h\11hFhxhXh\DEj!\01\00\00j#\01\00\00]\94\85\94R\94}\94(j(\01\00\00K\00j)\01\00\00K\00j*\01\00\00K\00ubub\8C\12calling_convention\94h&ubhFh\F6)\81\94hXh\BDh\1Eh\A0h\F8]\94(h\07h\06)\81\94}\94(h\09h\0DhFh\92hXh\E9j\04\01\00\00j\B6\01\00\00j\06\01\00\00]\94j?\01\00\00aj\07\01\00\00]\94h]}\94hhNubh\06)\81\94}\94(h\09h\0DhFj\01\01\00\00hXh\B9j\04\01\00\00j\B6\01\00\00j\06\01\00\00]\94jM\01\00\00aj\07\01\00\00]\94h]}\94hhNubh\06)\81\94}\94(h\09h\0DhFhxhXh\A3j\04\01\00\00j\B6\01\00\00j\06\01\00\00]\94j[\01\00\00aj\07\01\00\00]\94h]}\94hhNubh\06)\81\94}\94(h\09h\0DhFh\97hXh\EBj\04\01\00\00j\B6\01\00\00j\06\01\00\00]\94ji\01\00\00aj\07\01\00\00]\94h]}\94hhNubh\06)\81\94}\94(h\09h\0DhFj{\01\00\00hXh\BBj\04\01\00\00j\B6\01\00\00j\06\01\00\00]\94jw\01\00\00aj\07\01\00\00]\94h]}\94hhNubj/\02\00\00)\81\94}\94(h\09h\0DhFh\80hXh\D4j\04\01\00\00j2\02\00\00j\06\01\00\00]\94j\A0\02\00\00aj\07\01\00\00]\94h]}\94j\CD\01\00\00j\A0\02\00\00j\CF\01\00\00]\94K\00aubj/\02\00\00)\81\94}\94(h\09h\0DhFh\80hXh\CBj\04\01\00\00j2\02\00\00j\06\01\00\00]\94j\A0\02\00\00aj\07\01\00\00]\94h]}\94j\CD\01\00\00j\A0\02\00\00j\CF\01\00\00]\94K\01aubh\06)\81\94}\94(h\09h\0DhFh\99hXh\E4j\04\01\00\00j\B6\01\00\00j\06\01\00\00]\94j\89\01\00\00aj\07\01\00\00]\94h]}\94hhNubej\DD\01\00\00NubhFh\80hXh\BFj\04\01\00\00j\B6\01\00\00j\06\01\00\00]\94j1\01\00\00aj\07\01\00\00]\94h]}\94hhNubj\8C\02\00\00j\91\02\00\00K\07j\96\02\00\00j\9B\02\00\00j\A0\02\00\00j\B1\02\00\00t\94\8C\07dynamic\94\8C\13/tmp/x/callbacks.py\94K\19\87\94\87\94."
@.const.pickledata.140148538267584 = internal constant [86 x i8] c"\80\04\95K\00\00\00\00\00\00\00\8C\08builtins\94\8C\0BMemoryError\94\93\94\8C'Allocation failed (probably too large).\94\85\94N\87\94."
@.const.pickledata.140148538267584.sha1 = internal constant [20 x i8] c"\BA(\9D\81\F0\\p \F3G|\15sH\04\DFe\AB\E2\09"
@.const.picklebuf.140148538267584 = internal constant { i8*, i32, i8*, i8*, i32 } { i8* getelementptr inbounds ([86 x i8], [86 x i8]* @.const.pickledata.140148538267584, i32 0, i32 0), i32 86, i8* getelementptr inbounds ([20 x i8], [20 x i8]* @.const.pickledata.140148538267584.sha1, i32 0, i32 0), i8* null, i32 0 }
@".const.missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s" = internal constant [130 x i8] c"missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s\00"
@PyExc_RuntimeError = external global i8
@".const.Error creating Python tuple from runtime exception arguments" = internal constant [61 x i8] c"Error creating Python tuple from runtime exception arguments\00"
@PyExc_SystemError = external global i8
@".const.unknown error when calling native function" = internal constant [43 x i8] c"unknown error when calling native function\00"
@".const.<numba.core.cpu.CPUContext object at 0x7f76dfd92090>" = internal constant [53 x i8] c"<numba.core.cpu.CPUContext object at 0x7f76dfd92090>\00"

define i32 @_ZN8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s(double* noalias nocapture writeonly %retptr, { i8*, i32, i8*, i8*, i32 }** noalias nocapture writeonly %excinfo, double %arg.a, i64 %arg.b, i8 %arg.c, i32 %arg.d, float %arg.e, double %arg.f.0, double %arg.f.1, i16 %arg.g) local_unnamed_addr {
entry:
  %.36 = fcmp olt double %arg.a, 0.000000e+00
  br i1 %.36, label %B16, label %B62

B16:                                              ; preds = %entry
  %.46 = tail call i8* @NRT_Allocate(i64 56)
  %.47 = icmp eq i8* %.46, null
  br i1 %.47, label %B16.if, label %B16.endif, !prof !0

common.ret:                                       ; preds = %B16.endif.endif, %B16.endif.if, %B16.if, %B62
  %common.ret.op = phi i32 [ 0, %B62 ], [ 1, %B16.if ], [ 1, %B16.endif.if ], [ 1, %B16.endif.endif ]
  ret i32 %common.ret.op

B62:                                              ; preds = %entry
  store double %arg.a, double* %retptr, align 8
  br label %common.ret

B16.if:                                           ; preds = %B16
  store { i8*, i32, i8*, i8*, i32 }* @.const.picklebuf.140148538267584, { i8*, i32, i8*, i8*, i32 }** %excinfo, align 8, !numba_exception_output !1
  br label %common.ret

B16.endif:                                        ; preds = %B16
  %0 = icmp ne i8 %arg.c, 0
  %.57 = bitcast i8* %.46 to double*
  store double %arg.a, double* %.57, align 8
  %.59 = getelementptr i8, i8* %.46, i64 8
  %1 = bitcast i8* %.59 to i64*
  store i64 %arg.b, i64* %1, align 8
  %.61 = getelementptr i8, i8* %.46, i64 16
  %2 = bitcast i8* %.61 to i1*
  store i1 %0, i1* %2, align 1
  %.63 = getelementptr i8, i8* %.46, i64 20
  %3 = bitcast i8* %.63 to i32*
  store i32 %arg.d, i32* %3, align 4
  %.65 = getelementptr i8, i8* %.46, i64 24
  %4 = bitcast i8* %.65 to float*
  store float %arg.e, float* %4, align 4
  %.67 = getelementptr i8, i8* %.46, i64 32
  %.repack = bitcast i8* %.67 to double*
  store double %arg.f.0, double* %.repack, align 8
  %.repack1 = getelementptr i8, i8* %.46, i64 40
  %5 = bitcast i8* %.repack1 to double*
  store double %arg.f.1, double* %5, align 8
  %.69 = getelementptr i8, i8* %.46, i64 48
  %6 = bitcast i8* %.69 to i16*
  store i16 %arg.g, i16* %6, align 2
  %.71 = tail call i8* @NRT_Allocate(i64 40)
  %.72 = icmp eq i8* %.71, null
  br i1 %.72, label %B16.endif.if, label %B16.endif.endif, !prof !0

B16.endif.if:                                     ; preds = %B16.endif
  store { i8*, i32, i8*, i8*, i32 }* @.const.picklebuf.140148538267584, { i8*, i32, i8*, i8*, i32 }** %excinfo, align 8, !numba_exception_output !1
  br label %common.ret

B16.endif.endif:                                  ; preds = %B16.endif
  %.84 = bitcast i8* %.71 to i8**
  store i8* getelementptr inbounds ([7488 x i8], [7488 x i8]* @.const.pickledata.140148538412352, i64 0, i64 0), i8** %.84, align 8
  %.86 = getelementptr i8, i8* %.71, i64 8
  %7 = bitcast i8* %.86 to i32*
  store i32 7488, i32* %7, align 4
  %.88 = getelementptr i8, i8* %.71, i64 16
  %8 = bitcast i8* %.88 to i8**
  store i8* %.46, i8** %8, align 8
  %.90 = getelementptr i8, i8* %.71, i64 24
  %9 = bitcast i8* %.90 to i8**
  store i8* bitcast (i8* (i8*)* @__excinfo_unwrap_args56d11cd73942ece86bf324238c6648a761ab13bc to i8*), i8** %9, align 8
  %.92 = getelementptr i8, i8* %.71, i64 32
  %10 = bitcast i8* %.92 to i32*
  store i32 7, i32* %10, align 4
  %11 = bitcast { i8*, i32, i8*, i8*, i32 }** %excinfo to i8**
  store i8* %.71, i8** %11, align 8
  br label %common.ret
}

declare noalias i8* @NRT_Allocate(i64) local_unnamed_addr

; Function Attrs: noinline nounwind
define i8* @__excinfo_unwrap_args56d11cd73942ece86bf324238c6648a761ab13bc(i8* %.1) #0 {
.3:
  %.5 = load i8*, i8** @_ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s, align 8
  %.6 = icmp eq i8* %.5, null
  br i1 %.6, label %.3.if, label %.3.endif, !prof !0

.3.if:                                            ; preds = %.3
  tail call void @PyErr_SetString(i8* nonnull @PyExc_RuntimeError, i8* getelementptr inbounds ([130 x i8], [130 x i8]* @".const.missing Environment: _ZN08NumbaEnv8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s", i64 0, i64 0)) #1
  ret i8* null

.3.endif:                                         ; preds = %.3
  %0 = bitcast i8* %.1 to double*
  %1 = load double, double* %0, align 8
  %.16 = tail call i8* @PyFloat_FromDouble(double %1) #1
  %2 = getelementptr inbounds i8, i8* %.1, i64 8
  %3 = bitcast i8* %2 to i64*
  %4 = load i64, i64* %3, align 8
  %.21 = tail call i8* @PyLong_FromLongLong(i64 %4) #1
  %5 = getelementptr inbounds i8, i8* %.1, i64 16
  %6 = bitcast i8* %5 to i1*
  %7 = load i1, i1* %6, align 1
  %.26 = zext i1 %7 to i64
  %.27 = tail call i8* @PyBool_FromLong(i64 %.26) #1
  %8 = getelementptr inbounds i8, i8* %.1, i64 20
  %9 = bitcast i8* %8 to i32*
  %10 = load i32, i32* %9, align 4
  %.30 = zext i32 %10 to i64
  %.33 = tail call i8* @PyLong_FromUnsignedLongLong(i64 %.30) #1
  %11 = getelementptr inbounds i8, i8* %.1, i64 24
  %12 = bitcast i8* %11 to float*
  %13 = load float, float* %12, align 4
  %.38 = fpext float %13 to double
  %.39 = tail call i8* @PyFloat_FromDouble(double %.38) #1
  %14 = getelementptr inbounds i8, i8* %.1, i64 32
  %.elt = bitcast i8* %14 to double*
  %.unpack = load double, double* %.elt, align 8
  %.elt1 = getelementptr inbounds i8, i8* %.1, i64 40
  %15 = bitcast i8* %.elt1 to double*
  %.unpack2 = load double, double* %15, align 8
  %.50 = tail call i8* @PyComplex_FromDoubles(double %.unpack, double %.unpack2) #1
  %16 = getelementptr inbounds i8, i8* %.1, i64 48
  %17 = bitcast i8* %16 to i16*
  %18 = load i16, i16* %17, align 2
  %.53 = sext i16 %18 to i64
  %.56 = tail call i8* @PyLong_FromLongLong(i64 %.53) #1
  tail call void @NRT_Free(i8* %.1) #1
  %.60 = tail call i8* (i64, ...) @PyTuple_Pack(i64 7, i8* %.16, i8* %.21, i8* %.27, i8* %.33, i8* %.39, i8* %.50, i8* %.56) #1
  ret i8* %.60
}

declare void @PyErr_SetString(i8*, i8*) local_unnamed_addr

declare i8* @PyFloat_FromDouble(double) local_unnamed_addr

declare i8* @PyLong_FromLongLong(i64) local_unnamed_addr

declare i8* @PyBool_FromLong(i64) local_unnamed_addr

declare i8* @PyLong_FromUnsignedLongLong(i64) local_unnamed_addr

declare i8* @PyComplex_FromDoubles(double, double) local_unnamed_addr

declare void @NRT_Free(i8*) local_unnamed_addr

declare i8* @PyTuple_Pack(i64, ...) local_unnamed_addr

define double @cfunc._ZN8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s(double %.1, i64 %.2, i1 %.3, i32 %.4, float %.5, { double, double } %.6, i16 %.7) local_unnamed_addr {
entry:
  %.9 = alloca double, align 8
  store double 0.000000e+00, double* %.9, align 8
  %excinfo = alloca { i8*, i32, i8*, i8*, i32 }*, align 8
  store { i8*, i32, i8*, i8*, i32 }* null, { i8*, i32, i8*, i8*, i32 }** %excinfo, align 8
  %.13 = zext i1 %.3 to i8
  %extracted.real = extractvalue { double, double } %.6, 0
  %extracted.imag = extractvalue { double, double } %.6, 1
  %.14 = call i32 @_ZN8__main__7dynamicB2v1B52c8tJTIcFKzyF2ILShI4CrgQElUakCCQB1FiGSRRB9GgCAA_3d_3dEdxbjf10complex128s(double* nonnull %.9, { i8*, i32, i8*, i8*, i32 }** nonnull %excinfo, double %.1, i64 %.2, i8 %.13, i32 %.4, float %.5, double %extracted.real, double %extracted.imag, i16 %.7) #2
  %.15 = load { i8*, i32, i8*, i8*, i32 }*, { i8*, i32, i8*, i8*, i32 }** %excinfo, align 8
  %.16.not = icmp eq i32 %.14, 0
  %.22 = icmp sgt i32 %.14, 0
  %.23 = select i1 %.22, { i8*, i32, i8*, i8*, i32 }* %.15, { i8*, i32, i8*, i8*, i32 }* undef
  %.24 = load double, double* %.9, align 8
  %.26 = alloca i32, align 4
  store i32 0, i32* %.26, align 4
  br i1 %.16.not, label %common.ret, label %entry.if, !prof !2

entry.if:                                         ; preds = %entry
  %0 = icmp sgt i32 %.14, 0
  call void @numba_gil_ensure(i32* nonnull %.26)
  br i1 %0, label %entry.if.if, label %entry.if.endif.endif.endif

common.ret:                                       ; preds = %entry, %.29, %entry.if.if.if.if
  %common.ret.op = phi double [ 0.000000e+00, %entry.if.if.if.if ], [ %.24, %.29 ], [ %.24, %entry ]
  ret double %common.ret.op

.29:                                              ; preds = %entry.if.if.endif, %entry.if.if.endif.if, %entry.if.endif.endif.endif
  %.77 = call i8* @PyUnicode_FromString(i8* getelementptr inbounds ([53 x i8], [53 x i8]* @".const.<numba.core.cpu.CPUContext object at 0x7f76dfd92090>", i64 0, i64 0))
  call void @PyErr_WriteUnraisable(i8* %.77)
  call void @Py_DecRef(i8* %.77)
  call void @numba_gil_release(i32* nonnull %.26)
  br label %common.ret

entry.if.if:                                      ; preds = %entry.if
  call void @PyErr_Clear()
  %.32 = load { i8*, i32, i8*, i8*, i32 }, { i8*, i32, i8*, i8*, i32 }* %.23, align 8
  %.33 = extractvalue { i8*, i32, i8*, i8*, i32 } %.32, 4
  %.34 = icmp sgt i32 %.33, 0
  %.37 = extractvalue { i8*, i32, i8*, i8*, i32 } %.32, 0
  %.39 = extractvalue { i8*, i32, i8*, i8*, i32 } %.32, 1
  br i1 %.34, label %entry.if.if.if, label %entry.if.if.else

entry.if.if.if:                                   ; preds = %entry.if.if
  %.40 = sext i32 %.39 to i64
  %.41 = call i8* @PyBytes_FromStringAndSize(i8* %.37, i64 %.40)
  %.42 = load { i8*, i32, i8*, i8*, i32 }, { i8*, i32, i8*, i8*, i32 }* %.23, align 8
  %.43 = extractvalue { i8*, i32, i8*, i8*, i32 } %.42, 2
  %.45 = extractvalue { i8*, i32, i8*, i8*, i32 } %.42, 3
  %.46 = bitcast i8* %.45 to i8* (i8*)*
  %.47 = call i8* %.46(i8* %.43)
  %.48 = icmp eq i8* %.47, null
  br i1 %.48, label %entry.if.if.if.if, label %entry.if.if.if.endif, !prof !0

entry.if.if.else:                                 ; preds = %entry.if.if
  %.61 = extractvalue { i8*, i32, i8*, i8*, i32 } %.32, 2
  %.62 = call i8* @numba_unpickle(i8* %.37, i32 %.39, i8* %.61)
  br label %entry.if.if.endif

entry.if.if.endif:                                ; preds = %entry.if.if.if.endif, %entry.if.if.else
  %.64 = phi i8* [ %.52, %entry.if.if.if.endif ], [ %.62, %entry.if.if.else ]
  %.65.not = icmp eq i8* %.64, null
  br i1 %.65.not, label %.29, label %entry.if.if.endif.if, !prof !0

entry.if.if.if.if:                                ; preds = %entry.if.if.if
  call void @PyErr_SetString(i8* nonnull @PyExc_RuntimeError, i8* getelementptr inbounds ([61 x i8], [61 x i8]* @".const.Error creating Python tuple from runtime exception arguments", i64 0, i64 0))
  br label %common.ret

entry.if.if.if.endif:                             ; preds = %entry.if.if.if
  %.52 = call i8* @numba_runtime_build_excinfo_struct(i8* %.41, i8* nonnull %.47)
  %.53 = bitcast { i8*, i32, i8*, i8*, i32 }* %.23 to i8*
  call void @NRT_Free(i8* nonnull %.53)
  br label %entry.if.if.endif

entry.if.if.endif.if:                             ; preds = %entry.if.if.endif
  call void @numba_do_raise(i8* nonnull %.64)
  br label %.29

entry.if.endif.endif.endif:                       ; preds = %entry.if
  call void @PyErr_SetString(i8* nonnull @PyExc_SystemError, i8* getelementptr inbounds ([43 x i8], [43 x i8]* @".const.unknown error when calling native function", i64 0, i64 0))
  br label %.29
}

declare void @numba_gil_ensure(i32*) local_unnamed_addr

declare i8* @PyUnicode_FromString(i8*) local_unnamed_addr

declare void @PyErr_WriteUnraisable(i8*) local_unnamed_addr

declare void @Py_DecRef(i8*) local_unnamed_addr

declare void @numba_gil_release(i32*) local_unnamed_addr

declare void @PyErr_Clear() local_unnamed_addr

declare i8* @PyBytes_FromStringAndSize(i8*, i64) local_unnamed_addr

declare i8* @numba_unpickle(i8*, i32, i8*) local_unnamed_addr

declare i8* @numba_runtime_build_excinfo_struct(i8*, i8*) local_unnamed_addr

declare void @numba_do_raise(i8*) local_unnamed_addr

attributes #0 = { noinline nounwind }
attributes #1 = { nounwind }
attributes #2 = { noinline }

!0 = !{!"branch_weights", i32 1, i32 99}
!1 = !{i1 true}
!2 = !{!"branch_weights", i32 99, i32 1}
